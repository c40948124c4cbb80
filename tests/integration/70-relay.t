#!/usr/bin/perl
# ltb-relay with real sockets: what both ends of a link see, under each rule.
# Nothing is taken from its own counters but where those are what is tested.
# Perl, as both ends of many connections are held in one process.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use IO::Poll qw(POLLERR);
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SHUT_WR);
use Test::More;
use Time::HiRes qw(time);
use Relay;

$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { die 'the test hangs' };
alarm 500;

my $relay = Relay->start(args => ['--seed', 7]);
my $server = tcp_server();
my $target = '127.0.0.1:' . $server->sockport;
my $port = $relay->link('a', 'b', $target);

# Both ends of a new connection through the link.
sub pair {
	my $a = dial($port) or die "dial: $!";
	my $b = accept_one($server) or die 'the target sees no connection';
	return ($a, $b);
}

sub reset_socket {
	my $s = shift;
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	close $s;
}

sub crosses { my ($from, $to, $text) = @_; send_all($from, $text);
	return read_exact($to, length $text) eq $text }

subtest 'no rule' => sub {
	my ($a, $b) = pair();
	ok crosses($a, $b, 'to the target'), 'forward';
	ok crosses($b, $a, 'and back'), 'backward';
	shutdown $a, SHUT_WR;
	is read_chunk($b), '', 'the end of a stream is passed on';
	ok crosses($b, $a, 'still open'), 'while the other way stays open';
	close $b;
	is read_chunk($a), '', 'then the other end';
	($a, $b) = pair();
	reset_socket($a);
	ok is_reset($b), 'a reset is passed on';
	($a, $b) = pair();
	send_all($a, 'last words');
	is read_exact($b, 10), 'last words', 'bytes arrive';
	reset_socket($b);
	ok is_reset($a), 'a reset of the target is passed on';
};

# How much a writer gets rid of while nobody reads.
sub fill {
	my $s = shift;
	my ($sent, $block) = (0, 'x' x 65536);
	$s->blocking(0);
	while (IO::Select->new($s)->can_write(0.3)) {
		my $n = syswrite $s, $block;
		last if $sent > 64e6;
		$sent += $n // 0;
	}
	$s->blocking(1);
	return $sent;
}

subtest 'a receiver that does not read' => sub {
	my ($a, $b) = pair();
	my $sent = fill($a);
	cmp_ok $sent, '<', 40e6, "holds the sender up, after $sent bytes";
	cmp_ok $relay->rss_bytes, '<', 30e6, 'which are not in the relay';
	reset_socket($a);
	my $poll = IO::Poll->new;
	$poll->mask($b => POLLERR);
	ok $poll->poll(30), 'and a reset gets past the bytes that wait';
	my $got = 0;
	while (defined(my $buf = read_chunk($b))) { $got += length $buf; last if $buf eq '' }
	ok $!{ECONNRESET}, 'it is one';
	cmp_ok $got, '<=', $sent, 'no byte is made up';
};

subtest 'delay' => sub {
	my ($a, $b) = pair();
	is $relay->rule('a', 'b', delay_ms => 80), 1, 'one direction';
	for my $i (1 .. 5) {
		my $t = time;
		crosses($a, $b, "ping $i") or fail 'the bytes';
		cmp_ok time - $t, '>=', 0.08, 'at least 80 ms';
	}
	my $best = 99;
	for my $i (1 .. 20) {
		my $t = time;
		crosses($b, $a, "pong $i");
		$best = time - $t if time - $t < $best;
	}
	cmp_ok $best, '<', 0.08, 'the other direction is not delayed';
	my $t = time;
	shutdown $a, SHUT_WR;
	is read_chunk($b), '', 'the end of the stream';
	cmp_ok time - $t, '>=', 0.08, 'is delayed, too';
	$relay->rule('b', 'a', delay_ms => 40);
	$t = time;
	($a, $b) = pair();
	cmp_ok time - $t, '>=', 0.08, 'a connection takes its time';
	send_all($a, 'x');
	read_exact($b, 1);
	cmp_ok time - $t, '>=', 0.2, 'and the first byte that of a round trip';
	$relay->heal;
};

subtest 'jitter keeps the order' => sub {
	my ($a, $b) = pair();
	for my $dist (qw(uniform normal pareto)) {
		$relay->rule('a', 'b', delay_ms => 5, jitter_ms => 5, distribution => $dist,
			correlation => 0.3);
		my $all = '';
		for my $i (1 .. 300) { send_all($a, "$i,"); $all .= "$i,"; select undef, undef, undef, 0.0005 }
		is read_exact($b, length $all), $all, $dist;
	}
	$relay->heal;
};

subtest 'a change under way' => sub {
	my ($a, $b) = pair();
	$relay->rule('a', 'b', delay_ms => 600000);
	send_all($a, 'stuck');
	ok quiet($b), 'ten minutes are long';
	$relay->heal;
	is read_exact($b, 5), 'stuck', 'what was on its way is hurried';
	$relay->rule('a', 'b', delay_ms => 600000);
	send_all($a, 'again');
	ok quiet($b), 'again';
	my $t = time;
	$relay->rule('a', 'b', delay_ms => 100);
	is read_exact($b, 5), 'again', 'a shorter delay';
	cmp_ok time - $t, '>=', 0.1, 'is one';
	$relay->heal;
};

subtest 'silent cut and heal' => sub {
	my ($a, $b) = pair();
	my $size = 50_000_000;
	my $block = join '', map { chr int rand 256 } 1 .. 100_003; # never in step with reads
	my ($sum_in, $sum_out) = (Digest::SHA->new(256), Digest::SHA->new(256));
	my ($sent, $got, $cut, $before) = (0, 0, 0, 0);
	my $pending = '';
	$_->blocking(0) for $a, $b;
	while ($got < $size) {
		my ($r, $w) = IO::Select->select(IO::Select->new($b),
			$sent < $size ? IO::Select->new($a) : undef, undef, $cut == 1 ? 0.5 : 30);
		if ($cut == 1 && !@{$r // []}) {
			$before = $got;
			ok quiet($b, 0.3), "nothing arrives after $got bytes";
			ok my $new = dial($port), 'a new connection is accepted';
			send_all($new, 'held');
			ok quiet($server), 'but the target does not see it';
			my $gone = dial($port);
			close $gone; # and of this one it will never hear
			$relay->heal;
			my $seen = accept_one($server);
			is read_exact($seen, 4), 'held', 'until the cut is healed';
			ok quiet($server), 'one that was given up meanwhile is not seen at all';
			$cut = 2;
			next;
		}
		last if !$r;
		if (@$w) {
			$pending = substr $block, 0, $size - $sent if $pending eq '';
			my $n = syswrite($a, $pending) // 0;
			$sum_in->add(substr $pending, 0, $n, '');
			$sent += $n;
		}
		if (@$r) {
			my $n = sysread($b, my $buf, 65536) or last;
			$sum_out->add($buf);
			$got += $n;
		}
		if (!$cut && $got > 10_000_000) {
			$relay->rule('a', 'b', cut => 'silent');
			$cut = 1;
		}
	}
	is $cut, 2, 'the cut stopped it';
	cmp_ok $before, '<', $size, 'in the middle';
	is $got, $size, 'all 50 MB arrive';
	is $sum_out->hexdigest, $sum_in->hexdigest, 'undamaged';
};

subtest 'one-way cut' => sub {
	my ($a, $b) = pair();
	$relay->rule('a', 'b', cut => 'silent');
	send_all($a, 'unheard');
	ok quiet($b), 'one way nothing';
	ok crosses($b, $a, 'heard'), 'the other way all';
	$relay->rule('a', 'b', loss => 1);
	ok quiet($b), 'all lost is the same';
	$relay->heal;
	is read_exact($b, 7), 'unheard', 'healed';
	$relay->rule('b', 'a', cut => 'silent');
	ok crosses($a, $b, 'heard'), 'turned round';
	send_all($b, 'unheard');
	ok quiet($a), 'turned round, cut';
	$relay->heal;
	is read_exact($a, 7), 'unheard', 'healed again';
};

subtest 'an end that goes during a cut' => sub {
	my ($a, $b) = pair();
	$relay->rule('a', 'b', cut => 'silent');
	send_all($a, 'before the end');
	close $a;
	ok quiet($b), 'is not told';
	$relay->heal;
	is read_exact($b, 14), 'before the end', 'until it is healed';
	is read_chunk($b), '', 'bytes first';
	($a, $b) = pair();
	$relay->rule('a', 'b', cut => 'silent');
	reset_socket($a);
	ok quiet($b), 'nor is a reset';
	$relay->heal;
	ok is_reset($b), 'until then';
};

subtest 'reset' => sub {
	my ($a, $b) = pair();
	$relay->rule('b', 'a', cut => 'reset');
	ok is_reset($a), 'the dialer is reset';
	ok is_reset($b), 'the target is, too';
	ok !defined dial($port), 'a new connection';
	ok $!{ECONNREFUSED}, 'is refused';
	$relay->heal;
	($a, $b) = pair();
	ok crosses($a, $b, 'hello'), 'healed, on the same port';
};

subtest 'half-open' => sub {
	my ($a, $b) = pair();
	$relay->rule('a', 'b', cut => 'half-open');
	ok is_reset($b), 'one end is dead';
	ok defined syswrite($a, 'anybody?'), 'the other one believes it is alive';
	ok quiet($a), 'and hears nothing';
	my ($c, $d) = pair();
	ok crosses($c, $d, 'hello') && crosses($d, $c, 'hello'), 'new connections work';
	$relay->heal;
	ok is_reset($a), 'healed, it learns the truth';
	ok crosses($c, $d, 'hello'), 'and nobody else does';
	$relay->rule('b', 'a', cut => 'half-open');
	ok is_reset($c), 'turned round';
	ok quiet($d), 'turned round, believes';
	close $d;
	ok wait_until(sub { $relay->get('a-b')->{open} == 0 }), 'one that gives up is forgotten';
	$relay->heal;
};

subtest 'loss on a stream' => sub {
	my ($a, $b) = pair();
	$relay->rule('a', 'b', loss => 0.2, retransmit_ms => 30);
	my $all = '';
	my $start = time;
	for my $i (1 .. 200) { send_all($a, "$i,"); $all .= "$i,"; select undef, undef, undef, 0.001 }
	is read_exact($b, length $all), $all, 'costs time, never a byte';
	cmp_ok $relay->get('a-b')->{forward}{lost}, '>', 5, 'there were losses';
	$relay->rule('a', 'b', loss => 0.999, retransmit_ms => 50);
	my $t = time;
	crosses($a, $b, 'late');
	cmp_ok time - $t, '>=', 0.05, 'each waits';
	$relay->heal;
};

subtest 'bandwidth' => sub {
	my ($a, $b) = pair();
	my ($rate, $burst, $size) = (400_000, 20_000, 400_000);
	my $start = time;
	$relay->rule('a', 'b', bytes_per_s => $rate, burst_bytes => $burst);
	my $child = fork;
	if (!$child) { send_all($a, 'x' x $size); shutdown $a, SHUT_WR; require POSIX; POSIX::_exit(0) }
	my ($got, $above) = (0, 0);
	while ((my $buf = read_chunk($b)) ne '') {
		$got += length $buf;
		$above++ if $got > $burst + $rate * (time - $start);
		last if $got >= $size;
	}
	waitpid $child, 0;
	is $got, $size, 'all arrives';
	is $above, 0, 'never more than burst + rate * time';
	$relay->heal;
};

subtest 'a peer that dies' => sub {
	my ($r, $w);
	pipe $r, $w;
	my $child = fork;
	if (!$child) {
		my $s = tcp_server();
		syswrite $w, $s->sockport . "\n";
		my @held;
		while (my $c = $s->accept) { push @held, $c; syswrite $c, 'hello' }
		exit 0;
	}
	chomp(my $dying = <$r>);
	my $p = $relay->link('a', 'c', "127.0.0.1:$dying");
	my $a = dial($p);
	is read_exact($a, 5), 'hello', 'alive';
	syswrite $a, 'unread';
	select undef, undef, undef, 0.05; # so that it has it, and dies with it unread
	kill 'KILL', $child;
	waitpid $child, 0;
	my $end = read_chunk($a);
	ok !defined $end || $end eq '', 'its connections end';
	ok dial_is_reset($p), 'who dials a dead target is reset';
	my $again = tcp_server();
	is $relay->link('a', 'c', '127.0.0.1:' . $again->sockport), $p, 'a new target, the same port';
	$a = dial($p);
	my $b = accept_one($again);
	ok crosses($a, $b, 'hello'), 'works';
};

subtest 'names are looked up at each connection' => sub {
	my $names = File::Temp->new;
	my $named = Relay->start(env => {FAKE_NAMES => "$names", LD_PRELOAD => "$Relay::build/fake_names.so",
			ASAN_OPTIONS => 'verify_asan_link_order=0'});
	my @servers = (tcp_server('127.0.0.2'));
	push @servers, tcp_server('127.0.0.3', $servers[0]->sockport);
	my $p = $named->link('a', 'b', 'moving.example:' . $servers[0]->sockport);
	ok dial_is_reset($p), 'a name that is not known';
	for my $i (0, 1, 0) {
		open my $f, '>', "$names" or die;
		print $f 'moving.example 127.0.0.', $i + 2, "\n";
		close $f;
		my $a = dial($p);
		my $b = accept_one($servers[$i]);
		ok $b && crosses($a, $b, 'hello'), 'at ' . ($i + 2);
	}
	is $named->finish('TERM'), 0, 'ends well';
	unlike $named->log, qr/Sanitizer|runtime error/, 'nothing to complain about';
};

# --- UDP ---------------------------------------------------------------------------------------

my $udp = udp_server();
my $udp_port = $relay->link('u', 'v', '127.0.0.1:' . $udp->sockport, kind => 'udp');

sub udp_client {
	return IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => $udp_port);
}

# Sends $n numbered datagrams, in bursts that no buffer loses; all that arrive, in order.
sub udp_run {
	my ($client, $n) = @_;
	my @got;
	for my $i (1 .. $n) {
		$client->send("$i");
		next if $i % 50 && $i < $n;
		while (readable($udp, 0.15)) { $udp->recv(my $buf, 100); push @got, $buf }
	}
	return @got;
}

subtest 'UDP' => sub {
	my @clients = (udp_client(), udp_client());
	for my $i (0, 1) {
		$clients[$i]->send("from $i");
		ok readable($udp), 'arrives';
		my $peer = $udp->recv(my $buf, 100);
		is $buf, "from $i", 'whole';
		$udp->send("to $i", 0, $peer);
		ok readable($clients[$i]), 'the answer';
		$clients[$i]->recv($buf, 100);
		is $buf, "to $i", 'finds its way back';
	}
	is_deeply [udp_run($clients[0], 100)], [1 .. 100], 'no rule: all, in order';
	$relay->rule('u', 'v', delay_ms => 10, jitter_ms => 10);
	is_deeply [udp_run($clients[0], 100)], [1 .. 100], 'jitter: all, in order';
	my $t = time;
	$clients[0]->send('x');
	readable($udp);
	$udp->recv(my $buf, 10);
	cmp_ok time - $t, '>', 0, 'delayed';
	$relay->rule('u', 'v', cut => 'silent');
	is scalar(udp_run($clients[0], 20)), 0, 'cut: nothing';
	$relay->heal;
	is_deeply [udp_run($clients[0], 20)], [1 .. 20], 'what was sent into a cut is gone';
	$relay->rule('u', 'v', bytes_per_s => 1000, burst_bytes => 5000);
	$clients[0]->send('x' x 1000) for 1 .. 50;
	my $n = 0;
	while (readable($udp, 1)) { $udp->recv($buf, 2000); $n++ }
	cmp_ok $n, '<', 50, "bandwidth: what would wait too long is dropped ($n of 50 passed)";
	cmp_ok $n, '>=', 5, 'a burst passes';
	$relay->heal;
};

# Bounds five standard deviations off; and one seed gives one sequence.
subtest 'shares of datagrams' => sub {
	my $client = udp_client();
	my $n = 1000;
	$relay->rule('u', 'v', loss => 0.3);
	my $lost = $n - udp_run($client, $n);
	ok $lost > 228 && $lost < 372, "loss 0.3: $lost of $n";
	$relay->rule('u', 'v', duplicate => 0.2);
	my %seen;
	$seen{$_}++ for udp_run($client, $n);
	my $twice = grep { $_ == 2 } values %seen;
	is scalar(keys %seen), $n, 'duplicate: nothing is lost';
	ok $twice > 137 && $twice < 263, "duplicate 0.2: $twice of $n";
	$relay->rule('u', 'v', reorder => 0.1);
	my ($max, $late) = (0, 0);
	for (udp_run($client, $n)) { $late++ if $_ < $max; $max = $_ if $_ > $max }
	# the last of a burst have nobody behind them to be overtaken by
	ok $late > 45 && $late < 148, "reorder 0.1: $late of $n";
	$relay->heal;
};

subtest 'one seed, one sequence' => sub {
	my @runs = map {
		my $r = Relay->start(args => ['--seed', $_]);
		$udp_port = $r->link('u', 'v', '127.0.0.1:' . $udp->sockport, kind => 'udp');
		$r->rule('u', 'v', loss => 0.5);
		my $run = join ',', udp_run(udp_client(), 100);
		$r->finish('TERM');
		$run;
	} 5, 5, 6;
	is $runs[0], $runs[1], 'the same seed';
	isnt $runs[0], $runs[2], 'another seed';
};

is $relay->finish('TERM'), 0, 'SIGTERM ends it cleanly';
ok !-e "$relay->{dir}/ready", 'and takes the ready file away';
unlike $relay->log, qr/Sanitizer|runtime error|WARN|ERROR/, 'nothing to complain about';
done_testing;
