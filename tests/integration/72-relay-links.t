#!/usr/bin/perl
# ltb-relay --links: the links of a file are there when the relay is, and again
# when it is started again; a file that is no good, or asks for what cannot be
# had, keeps it from starting and leaves nothing behind. See 70-relay.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Test::More;
use Relay;

$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { die 'the test hangs' };
alarm 300;

my $dir = File::Temp->newdir;
my $file = "$dir/links.json";
my $server = tcp_server();
my $udp = udp_server();
my $target = '127.0.0.1:' . $server->sockport;
my $udp_target = '127.0.0.1:' . $udp->sockport;
my %token = (LTB_RELAY_TOKEN => 'a-token-for-the-tests');

sub link_spec {
	my ($id, %more) = @_;
	my ($from, $to) = split /-/, $id;
	return {id => $id, from => $from, to => $to // 'x', kind => 'tcp', listen => '127.0.0.1:0',
		target => $target, %more};
}

sub write_text {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!";
	print $f $text;
	close $f or die "$path: $!";
}

sub write_links { write_text($file, encode_json({links => [@_]})) }

# A port that nobody listens on, and that the kernel gives to nobody who does not ask for it.
sub free_port {
	for (1 .. 1000) {
		my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
			LocalPort => 20000 + int rand 12000) or next;
		return $s->sockport;
	}
	die 'no free port';
}

sub port_of { my ($relay, $id) = @_; return $relay->get($id)->{listen} =~ s/.*://r }

# Through a TCP link, both ways.
sub passes {
	my $a = dial(shift) or return 0;
	my $b = accept_one($server) or return 0;
	send_all($a, 'there');
	send_all($b, 'back');
	return read_exact($b, 5) eq 'there' && read_exact($a, 4) eq 'back';
}

# Through a UDP link, both ways.
sub passes_udp {
	my $c = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => shift);
	$c->send('there');
	readable($udp) or return 0;
	my $peer = $udp->recv(my $there, 100);
	$udp->send('back', 0, $peer);
	readable($c) or return 0;
	$c->recv(my $back, 100);
	return $there eq 'there' && $back eq 'back';
}

subtest 'links of a file' => sub {
	write_links(link_spec('a-b', groups => ['g']), link_spec('b-a', rule => {cut => 'reset'}),
		link_spec('u-v', kind => 'udp', target => $udp_target, rule => {delay_ms => 1}));
	my $relay = Relay->start(args => ['--links', $file]);
	is scalar @{($relay->api('GET', '/links'))[1]{links}}, 3, 'are there';
	is_deeply $relay->get('a-b')->{groups}, ['g'], 'with their groups';
	is $relay->get('u-v')->{forward}{rule}{delay_ms}, 1, 'and rules';
	ok passes_udp(port_of($relay, 'u-v')), 'UDP';
	ok !defined dial(port_of($relay, 'b-a')), 'a rule is in force';
	$relay->heal;
	ok passes(port_of($relay, 'a-b')), 'TCP';
	ok passes(port_of($relay, 'b-a')), 'TCP, healed';
	my $body = JSON::PP::decode_json(Relay::slurp($file));
	is +($relay->api('PUT', '/links', $body))[0], 200, 'the same through the API';
	is scalar @{($relay->api('GET', '/links'))[1]{links}}, 3, 'changes nothing';
	is +($relay->api('DELETE', '/links', {links => ['a-b']}))[1]{removed}, 1, 'can be deleted';
	is $relay->finish('TERM'), 0, 'ends well';
	like $relay->log, qr/3 links from \Q$file\E/, 'told in the log';
	unlike $relay->log, qr/Sanitizer|runtime error|WARN|ERROR/, 'nothing to complain about';
};

subtest 'again after a kill' => sub {
	my ($p, $q) = (free_port(), free_port());
	write_links(link_spec('a-b', listen => "127.0.0.1:$p", rule => {delay_ms => 2}),
		link_spec('u-v', kind => 'udp', listen => "0.0.0.0:$q", target => $udp_target));
	my @held;
	for (1 .. 3) {
		my $relay = Relay->start(args => ['--links', $file]);
		ok passes($p), 'TCP, on the port that is wanted';
		ok passes_udp($q), 'UDP';
		is $relay->get('a-b')->{forward}{rule}{delay_ms}, 2, 'the rule of the file';
		$relay->rule('a', 'b', cut => 'silent');
		push @held, dial($p); # and leave it open
		$relay->finish('KILL');
	}
};

subtest 'all of them before the API answers' => sub {
	my @links = map { my $i = $_; map { link_spec("n$i-n$_") } grep { $_ != $i } 0 .. 49 } 0 .. 49;
	my $control = '127.0.0.1:' . free_port();
	write_links(@links);
	my $relay = bless {token => $token{LTB_RELAY_TOKEN}, control => $control}, 'Relay';
	my $pid = fork // die;
	if (!$pid) {
		$ENV{LTB_RELAY_TOKEN} = $relay->{token};
		open STDIN, '<', '/dev/null' or die; # a pipe there could end it
		exec $Relay::program, '--links', $file, '--control', $control,
			'--exit-with-parent', '--log-level', 'warn' or POSIX::_exit(99);
	}
	my ($status, $r);
	ok wait_until(sub { ($status, $r) = $relay->api('GET', '/links'); $status == 200 }), 'answers';
	is scalar @{$r->{links}}, 2450, '2,450 links at the first answer';
	kill 'TERM', $pid;
	waitpid $pid, 0;
	is $?, 0, 'ends well';
};

subtest 'targets that are not known yet' => sub {
	my $names = "$dir/names";
	write_links(link_spec('a-n1', target => 'n1:' . $server->sockport),
		link_spec('u-n1', kind => 'udp', target => 'n1:' . $udp->sockport));
	my $relay = Relay->start(args => ['--links', $file], env => {FAKE_NAMES => $names,
			LD_PRELOAD => "$Relay::build/fake_names.so", ASAN_OPTIONS => 'verify_asan_link_order=0'});
	my ($p, $q) = (port_of($relay, 'a-n1'), port_of($relay, 'u-n1'));
	my $c = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => $q);
	for my $n (1, 2) {
		ok dial_is_reset($p), 'TCP: no way';
		$c->send('lost');
		ok wait_until(sub { $relay->get('u-n1')->{failed} == $n }), 'UDP: no way';
	}
	ok quiet($udp), 'nothing arrives';
	write_text($names, "n1 127.0.0.1\n");
	ok passes($p), 'TCP, once the name is known';
	ok passes_udp($q), 'UDP';
	$c->send('same');
	ok readable($udp), 'UDP, of an address that had no luck before';
	$udp->recv(my $buf, 100);
	is $buf, 'same', 'what was sent by then';
	unlink $names;
	ok dial_is_reset($p), 'TCP: forgotten again';
	is $relay->finish('TERM'), 0, 'ends well';
	unlike $relay->log, qr/Sanitizer|runtime error|ERROR/, 'nothing to complain about';
};

# --- what is refused ---------------------------------------------------------------------------

# It ends with this status and a text that names the file; nothing is left behind.
sub refused {
	my ($what, $status, $text, %opt) = @_;
	my $path = $opt{path} // $file;
	my $left = File::Temp->newdir;
	my ($got, $output) = run_relay(\%token, '--ready-file', "$left/ready", '--log-level', 'off',
		'--control', $opt{control} // "unix:$left/control", '--links', $path);
	is $got, $status, "$what: status $status";
	like $output, qr/^ltb-relay: .*\n\z/, 'one line';
	like $output, qr/^ltb-relay: --links \Q$path\E[ :]/, 'which tells the file' if !$opt{control};
	like $output, $text, 'and the cause';
	is_deeply [glob "$left/*"], [], 'nothing is left';
	return $output;
}

subtest 'files that cannot be read' => sub {
	my $wanted = qr/ \(wanted is a file of at most 16 MiB that this user can read\): /;
	refused('missing', 4, qr/${wanted}cannot open.*No such file/, path => "$dir/none");
	refused('a directory', 4, qr/${wanted}cannot read.*no regular file/, path => "$dir");
	POSIX::mkfifo("$dir/pipe", 0600) or die;
	refused('a pipe', 4, qr/${wanted}cannot read.*no regular file/, path => "$dir/pipe");
	my $text = encode_json({links => [link_spec('a-b')]});
	my $max = 16 << 20;
	write_text($file, $text . ' ' x ($max + 1 - length $text));
	refused('too big', 4, qr/${wanted}.*is larger than the $max bytes allowed/);
	truncate $file, $max or die;
	my $relay = Relay->start(args => ['--links', $file]);
	ok passes(port_of($relay, 'a-b')), 'as big as can be';
	is $relay->finish('TERM'), 0, 'ends well';
};

subtest 'files that are not valid' => sub {
	my $relay = Relay->start;
	my @cases = (
		['empty', '', qr/bad JSON/],
		['garbage', join('', map { chr int rand 256 } 1 .. 1000) . "\0", qr/bad JSON/],
		['cut short', '{"links":[', qr/bad JSON at line 1, column \d+/],
		['two of them', '{"links":[]}{"links":[]}', qr/bad JSON/],
		['a list', '[]', qr/the body is no object/],
		['no links', '{}', qr/no list 'links'/],
		['a member of the body', '{"links":[],"lnks":[]}', qr/no member 'lnks'; did you mean 'links'/],
		['a member of a link', [link_spec('a-b'), link_spec('b-a', grups => [])],
			qr/links\[1\]: a link has no member 'grups'; did you mean 'groups'/],
		['a member of a rule', [link_spec('a-b', rule => {delay => 1})], qr/link 'a-b': a rule has no member/],
		['half a link', [{id => 'a-b'}], qr/link 'a-b': from: missing/],
		['a name to listen on', [link_spec('a-b', listen => 'localhost:1')], qr/link 'a-b': listen: .*numeric/],
		['no port to connect to', [link_spec('a-b', target => 'n1:0')], qr/link 'a-b': target: port 0/],
		['twice', [link_spec('a-b'), link_spec('a-b')], qr/link 'a-b' is given twice/],
	);
	for (@cases) {
		my ($what, $body, $text) = @$_;
		$body = encode_json({links => $body}) if ref $body;
		write_text($file, $body);
		my $output = refused($what, 2, $text);
		like $output, qr/ \(wanted is the body of PUT \/links, see ltb-relay\(8\)\): /, 'and what to do';
		my ($status, $r) = $relay->raw_api('PUT', '/links', $body,
			Authorization => "Bearer $relay->{token}");
		like $status, qr/^4(00|22)$/, 'the API refuses it, too';
		like $output, qr/: \Q$r->{error}\E$/, 'in the same words';
	}
	is $relay->finish('TERM'), 0, 'ends well';
};

subtest 'what the machine does not have' => sub {
	my $busy = '127.0.0.1:' . $server->sockport;
	my $port = free_port();
	my $in_use = qr/: link 'u-v' on \S+: cannot \w+ \(is the port in use\? port 0 is any free one\): /;
	write_links(link_spec('a-b', listen => "127.0.0.1:$port"), link_spec('u-v', listen => $busy));
	refused('a port that is taken', 4, qr/${in_use}Address already in use/);
	write_links(link_spec('a-b'), link_spec('u-v', listen => $udp_target, kind => 'udp'));
	refused('a UDP port that is taken', 4, qr/${in_use}Address already in use/);
	write_links(link_spec('a-b'), link_spec('u-v', listen => '192.0.2.1:0'));
	refused('an address of another machine', 4, qr/${in_use}Cannot assign/);
	write_text($file, '{"links":[' . join(',', (1) x 20001) . ']}');
	refused('too many', 4, qr/more than 20000 are not possible/);
	write_links(link_spec('a-b', listen => "127.0.0.1:$port"));
	refused('the port of the API is taken', 4, qr/--control \Q$busy\E: cannot listen/, control => $busy);
	refused('the port of the API is that of a link', 4, qr/--control \S+: cannot listen/,
		control => "127.0.0.1:$port");
	write_links(map { link_spec("l$_-x") } 1 .. 100);
	my ($status, $output) = do {
		local $Relay::program = '/bin/sh';
		run_relay(\%token, '-c', 'ulimit -n 300; exec "$@"', 'sh', "$Relay::build/ltb-relay", '--links', $file);
	};
	is $status, 4, 'too few descriptors';
	like $output, qr/--links \Q$file\E: 100 links want 492 file descriptors.*ulimit/, 'with a fix';
};

subtest 'help and manual' => sub {
	my $help = (run_relay({}, '--help'))[1];
	my $manual = Relay::slurp("$FindBin::Bin/../../man/ltb-relay.8");
	my @told = map { /--([a-z-]+)/g } grep { /^  --/ } split /\n/, $help;
	my @written = map { /Fl Fl ([a-z-]+)/g } grep { /^\.It Fl Fl/ } split /\n/, $manual;
	is_deeply \@told, \@written, 'have the same options in the same order';
	ok scalar(grep { $_ eq 'links' } @told), 'this one, too';
};

done_testing;
