#!/usr/bin/perl
# The control API of ltb-relay, who may use it, what it refuses; many links; and
# how the relay begins and ends. See 70-relay.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX;
use JSON::PP;
use POSIX ();
use Test::More;
use Relay;

$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { die 'the test hangs' };
alarm 300;

my $relay = Relay->start;
my $server = tcp_server();
my $target = '127.0.0.1:' . $server->sockport;

sub link_spec {
	my ($id, %more) = @_;
	return {id => $id, from => 'a', to => 'b', kind => 'tcp', listen => '127.0.0.1:0',
		target => $target, %more};
}

sub status { return ($relay->api(@_))[0] }

subtest 'the token' => sub {
	is +($relay->raw_api('GET', '/health'))[0], 200, 'health needs none';
	for my $path (qw(/links /rules /metrics /links/x /nothing)) {
		is +($relay->raw_api('GET', $path))[0], 401, "$path does";
	}
	for my $bad ('', 'Bearer', 'Bearer ', "Bearer x$relay->{token}", "Bearer $relay->{token}x",
		"Basic $relay->{token}", $relay->{token}, 'Bearer ' . 'x' x 10000) {
		my ($status, $r) = $relay->raw_api('PUT', '/links', '{"links":[]}',
			Authorization => $bad);
		is $status, 401, 'wrong: ' . substr $bad, 0, 40;
		like $r->{error}, qr/token/, 'says so';
	}
	is +($relay->raw_api('GET', '/links', undef,
			Authorization => "bearer $relay->{token}"))[0], 200, 'in small letters';
};

subtest 'requests' => sub {
	is status('GET', '/nothing'), 404, 'unknown path';
	is status('POST', '/links'), 405, 'unknown method';
	is status('GET', '/links/none'), 404, 'unknown link';
	is +($relay->raw_api('PUT', '/links', '{"links":[', Authorization =>
			"Bearer $relay->{token}"))[0], 400, 'no JSON';
	is status('PUT', '/links', {links => [{id => 'x'}]}), 422, 'half a link';
	my ($s, $r) = $relay->api('PUT', '/rules', {rules => [{rule => {dealy_ms => 1}}]});
	is $s, 422, 'unknown member';
	like $r->{error}, qr/did you mean 'delay_ms'/, 'is asked about';
	is +($relay->api('PUT', '/rules', {rules => [map { {rule => {}} } 1 .. 10001]}))[0], 413,
		'too many rules';
	my $mb = '[' . 'x' x (17 << 20);
	like +($relay->raw_api('PUT', '/links', $mb, Authorization => "Bearer $relay->{token}"))[0],
		qr/^(413|599)$/, 'a body that is too long'; # 599: it does not listen to the end
};

subtest 'garbage' => sub {
	my ($port) = $relay->{control} =~ /:(\d+)$/;
	srand 3;
	my @lines = ("GET / HTTP/9.9\r\n\r\n", "\0" x 1000, 'A' x 100_000, "PUT /links HTTP/1.1\r\n",
		"PUT /links HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
		"PUT /links HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"PUT /rules HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET //////%%%%%00 HTTP/1.1\r\n\r\n", "GET http://x:y\@z/links HTTP/1.1\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
		"GET /health HTTP/1.1\r\n" . join('', map { "X$_: y\r\n" } 1 .. 5000) . "\r\n",
		map { join '', map { chr int rand 256 } 1 .. 300 } 1 .. 50);
	for my $line (@lines) {
		my $s = dial($port) or next;
		syswrite $s, $line;
		close $s;
	}
	my @idle = grep { $_ } map { dial($port) } 1 .. 150; # more than it takes at once
	close $_ for @idle;
	is +($relay->raw_api('GET', '/health'))[0], 200, 'is survived';
};

subtest 'links' => sub {
	my $port = $relay->link('a', 'b', $target, groups => ['x']);
	my $l = $relay->get('a-b');
	is $l->{listen}, "127.0.0.1:$port", 'where it listens';
	is_deeply $l->{groups}, ['x'], 'its groups';
	is status('PUT', '/links', {links => [link_spec('a-b', listen => "127.0.0.1:$port")]}), 200,
		'once more';
	is status('PUT', '/links', {links => [link_spec('a-b', kind => 'udp')]}), 422, 'another kind';
	is status('PUT', '/links', {links => [link_spec('a-b', to => 'c')]}), 422, 'other nodes';
	my ($s, $r) = $relay->api('PUT', '/links', {links => [link_spec('new'),
			link_spec('busy', listen => '127.0.0.1:' . $server->sockport)]});
	is $s, 503, 'a busy port';
	like $r->{error}, qr/link 'busy' on 127.0.0.1:\d+: .*in use/, 'says which';
	is status('GET', '/links/new'), 404, 'all or none';
	is status('PUT', '/links', {links => [link_spec('new'), link_spec('new')]}), 422, 'twice';
	my $a = dial($port);
	my $b = accept_one($server);
	is +($relay->api('DELETE', '/links', {links => ['a-b', 'none']}))[1]{removed}, 1, 'deleted';
	ok is_reset($a), 'with its connections';
	ok is_reset($b), 'at both ends';
	ok !defined dial($port), 'and its port';
	is +($relay->api('DELETE', '/links', {links => ['a-b']}))[1]{removed}, 0, 'once is enough';
};

subtest 'whom a rule is for' => sub {
	my %groups = ('a-b' => ['g'], 'b-a' => ['g'], 'a-c' => [], 'c-d' => ['h']);
	for (sort keys %groups) {
		my ($from, $to) = split /-/;
		$relay->link($from, $to, $target, groups => $groups{$_});
	}
	my $put = sub {
		my $r = ($relay->api('PUT', '/rules', {rules => [
			{rule => {}}, {@_, rule => {delay_ms => 1}}]}))[1];
		my @is = sort map { "$_->{from}$_->{to}" }
			@{($relay->api('GET', '/rules'))[1]{rules}};
		is $r->{matched}[1], scalar @is, 'matched ' . @is if !grep { $_ eq 'both' } @_;
		return join ' ', @is;
	};
	is $put->(), 'ab ac ba ca cd dc', 'all';
	is $put->(from => ['a']), 'ab ac', 'from';
	is $put->(to => ['a', 'd']), 'ba ca cd', 'to';
	is $put->(from => ['c'], to => ['a', 'b', 'd']), 'ca cd', 'from and to';
	is $put->(from => ['d'], to => ['c'], both => JSON::PP::true), 'cd dc', 'both';
	is $put->(groups => ['g']), 'ab ba', 'a group';
	is $put->(groups => ['g', 'h'], from => ['a', 'c']), 'ab cd', 'groups and from';
	is $put->(links => ['a-c']), 'ac', 'a link';
	is $put->(links => ['a-c'], both => JSON::PP::true), 'ac ca', 'a link, both';
	is $put->(from => []), '', 'nobody';
	is $put->(from => ['nobody'], to => ['a']), '', 'an unknown one';
	$relay->heal;
	is_deeply +($relay->api('GET', '/rules'))[1]{rules}, [], 'healed';
	my $p = $relay->link('d', 'a', $target, rule => {cut => 'reset'});
	ok !defined dial($p), 'a link may come with a rule';
	$p = $relay->link('a', 'd', $target);
	ok !defined dial($p), 'and one that joins later is under it';
	$relay->api('DELETE', '/links', {links => [keys %groups, 'd-a', 'a-d']});
};

subtest 'counters' => sub {
	my $p = $relay->link('a', 'b', $target);
	my $a = dial($p);
	my $b = accept_one($server);
	send_all($a, 'x' x 1000);
	read_exact($b, 1000);
	send_all($b, 'y' x 50);
	read_exact($a, 50);
	my $l = $relay->get('a-b');
	is $l->{forward}{bytes}, 1000, 'forward';
	is $l->{backward}{bytes}, 50, 'backward';
	is $l->{open}, 1, 'open';
	is $l->{connections}, 1, 'connections';
	my $text = ($relay->api('GET', '/metrics'))[2];
	like $text, qr/^ltb_relay_bytes_total\{link="a-b",kind="tcp",from="a",to="b"\} 1000$/m, 'metrics';
	like $text, qr/^ltb_relay_bytes_total\{link="a-b",kind="tcp",from="b",to="a"\} 50$/m, 'both ways';
	like $text, qr/^ltb_relay_open\{link="a-b",.*\} 1$/m, 'a gauge';
	unlike $text, qr/^(?!(#|\w+(\{(\w+="[^"]*",?)+\})? \d+$))/m, 'nothing but samples and comments';
	$relay->api('DELETE', '/links', {links => ['a-b']});
};

subtest '50 nodes, full mesh' => sub {
	my @links = map { my $i = $_; map { link_spec("n$i-n$_", from => "n$i", to => "n$_") }
			grep { $_ != $i } 0 .. 49 } 0 .. 49;
	my ($status, $r) = $relay->api('PUT', '/links', {links => \@links});
	is $status, 200, 'one request' or diag explain $r;
	is scalar @{$r->{links}}, 2450, '2,450 links';
	my %ports = map { $_->{id} => $_->{listen} =~ s/.*://r } @{$r->{links}};
	my @held;
	for my $id (map { $links[$_ * 24]{id} } 0 .. 99) {
		my $a = dial($ports{$id});
		my $b = accept_one($server);
		send_all($a, $id);
		is read_exact($b, length $id), $id, $id if @held % 40 == 0;
		push @held, $a, $b;
	}
	my $limit = $Relay::build =~ /asan|tsan/ ? 2e9 : 200e6;
	cmp_ok $relay->rss_bytes, '<', $limit, 'in less than 200 MB: ' . $relay->rss_bytes;
	my @half = map { "n$_" } 0 .. 24;
	my @other = map { "n$_" } 25 .. 49;
	$r = ($relay->api('PUT', '/rules', {rules => [{from => \@half, to => \@other,
		both => JSON::PP::true, rule => {cut => 'silent'}}]}))[1];
	is $r->{matched}[0], 1250, 'a partition';
	$r = ($relay->api('PUT', '/rules', {rules => [map { {from => [$_->{from}], to => [$_->{to}],
		rule => {delay_ms => 1}} } @links]}))[1];
	is scalar(grep { $_ == 1 } @{$r->{matched}}), 2450, 'a rule for each';
	is scalar @{($relay->api('GET', '/links'))[1]{links}}, 2450, 'the list';
	is +($relay->api('DELETE', '/links', {links => [map { $_->{id} } @links]}))[1]{removed}, 2450,
		'deleted';
};

is $relay->finish('INT'), 0, 'SIGINT ends it cleanly';
unlike $relay->log, qr/Sanitizer|runtime error|ERROR/, 'nothing to complain about';

subtest 'too few descriptors' => sub {
	my $r = Relay->start(fds => 300);
	my ($status, $reply) = $r->api('PUT', '/links', {links => [map { link_spec("l$_") } 1 .. 100]});
	is $status, 413, 'are noticed before they run out';
	like $reply->{error}, qr/want 492 file descriptors, but no more than 300 .*ulimit/, 'with a fix';
	my $p = $r->link('a', 'b', $target);
	my @held;
	for (1 .. 200) { my $c = dial($p) or last; push @held, $c }
	my @seen;
	push @seen, $server->accept while readable($server, 0.5);
	cmp_ok scalar @seen, '<', 180, 'connections that are too many wait';
	close $_ for splice(@held, 0, 100), splice(@seen, 0, 100);
	ok accept_one($server), 'until there are descriptors again';
	is $r->finish('TERM'), 0, 'ends well';
	1 while !quiet($server, 0.1) && $server->accept;
};

subtest 'a Unix socket' => sub {
	my $dir = File::Temp->newdir;
	my $path = "$dir/relay";
	my $r = Relay->start(args => ['--control', "unix:$path"]);
	is $r->{control}, "unix:$path", 'in the ready file';
	is sprintf('%o', (stat $path)[2] & 0777), '600', 'for its owner only';
	my $ask = sub {
		my $s = IO::Socket::UNIX->new(Peer => $path) or return "connect: $!";
		send_all($s, "GET $_[0] HTTP/1.1\r\nConnection: close\r\n$_[1]\r\n");
		my $all = '';
		while (defined(my $buf = read_chunk($s))) { last if $buf eq ''; $all .= $buf }
		return $all;
	};
	like $ask->('/health', ''), qr/^HTTP\/1.1 200 .*"ok"/s, 'answers';
	like $ask->('/links', ''), qr/^HTTP\/1.1 401 /, 'asks for the token, too';
	like $ask->('/links', "Authorization: Bearer $r->{token}\r\n"), qr/^HTTP\/1.1 200 /, 'and takes it';
	$r->finish('KILL');
	ok -S $path, 'kill leaves it behind';
	$r = Relay->start(args => ['--control', "unix:$path"]);
	like $ask->('/health', ''), qr/^HTTP\/1.1 200 /, 'the next one takes it over';
	is $r->finish('TERM'), 0, 'ends well';
	ok !-e $path, 'and removes it';
};

subtest 'the parent' => sub {
	pipe my $in, my $out;
	my $r = Relay->start(args => ['--exit-with-parent'], stdin => $in, stdin_writer => $out);
	close $in;
	syswrite $out, 'what is written does not matter';
	is +($r->raw_api('GET', '/health'))[0], 200, 'runs';
	close $out;
	is $r->finish, 0, 'ends when the pipe is closed';
	pipe my $pids, my $tell;
	my $parent = fork;
	if (!$parent) {
		$r = Relay->start(args => ['--exit-with-parent']);
		syswrite $tell, "$r->{pid}\n";
		sleep 1000;
	}
	chomp(my $pid = <$pids>);
	kill 'KILL', $parent;
	waitpid $parent, 0;
	ok wait_until(sub { !kill(0, $pid) || (stat_of($pid) eq 'Z') }), 'ends when the parent is killed';
};

sub stat_of { return Relay::slurp("/proc/$_[0]/stat") =~ /\) (\S)/ ? $1 : 'Z' }

subtest 'the command line' => sub {
	my %token = (LTB_RELAY_TOKEN => 'x' x 20);
	my $busy = '127.0.0.1:' . $server->sockport;
	my $short = File::Temp->new;
	print $short "short\n";
	$short->flush;
	my @cases = (
		[{}, [], 2, qr/no token: give --token-file/],
		[{LTB_RELAY_TOKEN => 'short'}, [], 2, qr/LTB_RELAY_TOKEN: the token has 5 characters/],
		[{LTB_RELAY_TOKEN => 'with a blank in it'}, [], 2, qr/blank/],
		[{}, ['--token-file', '/nonexistent'], 4, qr/--token-file \/nonexistent/],
		[{}, ['--token-file', "$short"], 2, qr/the token has 5 characters/],
		[\%token, ['--bogus'], 2, qr/unknown option/],
		[\%token, ['--seed'], 2, qr/wants a value/],
		[\%token, ['--seed', 'x'], 2, qr/--seed/],
		[\%token, ['argument'], 2, qr/unexpected argument/],
		[\%token, ['--control', 'localhost:1'], 2, qr/no numeric address/],
		[\%token, ['--control', 'unix:'], 2, qr/path of a Unix socket/],
		[\%token, ['--control', 'unix:' . 'x' x 200], 2, qr/1 to 107 characters/],
		[\%token, ['--control', $busy], 4, qr/--control \Q$busy\E: cannot listen.*in use/],
		[\%token, ['--ready-file', '/nonexistent/x'], 4, qr/nonexistent/],
		[{}, ['--help'], 0, qr/usage: ltb-relay/],
		[{}, ['--version'], 0, qr/^ltb-relay \d/],
	);
	for (@cases) {
		my ($env, $args, $status, $text) = @$_;
		my ($got, $output) = run_relay($env, @$args);
		is $got, $status, "status: @$args";
		like $output, $text, 'text';
	}
};

done_testing;
