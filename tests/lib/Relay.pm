# A running ltb-relay, its API, and both ends of a link, for the tests of it.
# All waiting is by select() with a long limit: a slow machine makes a test
# slow, not wrong.
package Relay;
use strict;
use warnings;
use Carp qw(croak);
use Errno;
use File::Temp;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use POSIX ();
use Socket qw(:all);
use Time::HiRes qw(time sleep);
use Exporter 'import';

our @EXPORT = qw(run_relay tcp_server udp_server dial dial_is_reset accept_one readable quiet read_exact read_chunk
	send_all wait_until is_reset LONG);
use constant LONG => 30;

our $build = $ENV{LTB_BUILD} // 'build';
our $program = "$build/ltb-relay";
my @running;

sub start {
	my ($class, %opt) = @_;
	my $self = bless {token => 'a-token-for-the-tests', %opt}, $class;
	$self->{dir} = File::Temp->newdir;
	my $ready = "$self->{dir}/ready";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDERR, '>', "$self->{dir}/log" or die;
		if ($opt{stdin}) { open STDIN, '<&', $opt{stdin} or die; close $opt{stdin_writer} }
		$ENV{LTB_RELAY_TOKEN} = $self->{token};
		$ENV{$_} = $opt{env}{$_} for keys %{$opt{env} // {}};
		my @cmd = ($program, '--ready-file', $ready, @{$opt{args} // []});
		@cmd = ('sh', '-c', "ulimit -n $opt{fds}; exec \"\$@\"", 'sh', @cmd) if $opt{fds};
		exec @cmd or die "exec: $!";
	}
	$self->{pid} = $pid;
	push @running, $pid;
	wait_until(sub { -s $ready || waitpid($pid, POSIX::WNOHANG) == $pid })
		or croak "the relay does not start";
	-s $ready or croak "the relay has ended: " . $self->log;
	$self->{control} = JSON::PP::decode_json(slurp($ready))->{control};
	return $self;
}

sub slurp { my $f = shift; open my $h, '<', $f or return ''; local $/; return scalar <$h> }
sub log { return slurp("$_[0]{dir}/log") }

# (status, decoded body, body) of one request.
sub raw_api {
	my ($self, $method, $path, $body, %headers) = @_;
	my $r = HTTP::Tiny->new(timeout => LONG)->request(
		$method, "http://$self->{control}$path",
		{headers => \%headers, defined $body ? (content => $body) : ()});
	my $json = eval { decode_json($r->{content}) };
	return ($r->{status}, $json, $r->{content});
}

sub api {
	my ($self, $method, $path, $body) = @_;
	return $self->raw_api($method, $path, defined $body ? encode_json($body) : undef,
		Authorization => "Bearer $self->{token}");
}

# Makes a link and gives the port that it listens on.
sub link {
	my ($self, $from, $to, $target, %more) = @_;
	my ($status, $r, $text) = $self->api('PUT', '/links', {links => [{
		id => "$from-$to", from => $from, to => $to, kind => 'tcp',
		listen => '127.0.0.1:0', target => $target, %more}]});
	croak "link: $status $text" if $status != 200;
	return $r->{links}[0]{listen} =~ s/.*://r;
}

sub rule {
	my ($self, $from, $to, %rule) = @_;
	for (keys %rule) { $rule{$_} += 0 if $rule{$_} =~ /^[0-9.]+$/ }
	my ($status, $r, $text) = $self->api('PUT', '/rules',
		{rules => [{from => [$from], to => [$to], rule => \%rule}]});
	croak "rule: $status $text" if $status != 200;
	return $r->{matched}[0];
}

sub heal { my $self = shift; $self->api('PUT', '/rules', {rules => [{rule => {}}]}) }

sub get { my ($self, $id) = @_; return ($self->api('GET', "/links/$id"))[1] }

# Waits for its end: the wait status.
sub finish {
	my ($self, $signal) = @_;
	kill $signal, $self->{pid} if $signal;
	my $status;
	wait_until(sub { waitpid($self->{pid}, POSIX::WNOHANG) == $self->{pid} and
			defined($status = $?) }) or croak "the relay does not end";
	@running = grep { $_ != $self->{pid} } @running;
	return $status;
}

END { my $status = $?; kill 'KILL', @running if @running; $? = $status }

# (exit status, output) of one that is to end by itself.
sub run_relay {
	my ($env, @args) = @_;
	local %ENV = (%ENV, %$env);
	delete $ENV{LTB_RELAY_TOKEN} if !exists $env->{LTB_RELAY_TOKEN};
	open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', 20, $program, @args;
	local $/;
	my $text = <$out>;
	close $out;
	return ($? >> 8, $text);
}

sub rss_bytes {
	my $self = shift;
	return slurp("/proc/$self->{pid}/status") =~ /VmRSS:\s+(\d+)/ ? $1 * 1024 : 0;
}

# --- sockets -----------------------------------------------------------------------------

sub wait_until {
	my $cond = shift;
	my $end = time + LONG;
	until ($cond->()) { return 0 if time > $end; sleep 0.02 }
	return 1;
}

sub tcp_server {
	my $host = shift // '127.0.0.1';
	return IO::Socket::INET->new(Listen => 1000, LocalAddr => $host, LocalPort => shift // 0,
		ReuseAddr => 1) // croak "listen: $!";
}

sub udp_server {
	return IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1', LocalPort => 0)
		// croak "bind: $!";
}

sub dial {
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => shift, Timeout => LONG)
		or return;
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
	return $s;
}

# Is a connection that can be dialled, but goes nowhere, reset? That may be before we look.
sub dial_is_reset { my $s = dial(shift); return defined $s ? is_reset($s) : $!{ECONNRESET} }

sub readable { my ($s, $wait) = @_; return scalar IO::Select->new($s)->can_read($wait // LONG) }
sub quiet { my ($s, $wait) = @_; return !readable($s, $wait // 0.3) }
sub accept_one { my $s = shift; return readable($s) ? scalar $s->accept : undef }

# At most $max bytes; '' at the end of the stream, undef when reset.
sub read_chunk {
	my ($s, $max) = @_;
	readable($s) or croak 'nothing comes';
	my $n = sysread $s, my $buf, $max // 65536;
	return defined $n ? $buf : undef;
}

sub read_exact {
	my ($s, $want) = @_;
	my $all = '';
	while (length $all < $want) {
		my $buf = read_chunk($s, $want - length $all);
		return $all if !defined $buf || $buf eq '';
		$all .= $buf;
	}
	return $all;
}

sub send_all {
	my ($s, $data) = @_;
	while (length $data) {
		my $n = syswrite $s, $data;
		croak "write: $!" if !defined $n;
		substr $data, 0, $n, '';
	}
}

# Is the next thing to be read a reset?
sub is_reset { my $s = shift; return !defined read_chunk($s) && $!{ECONNRESET} }

1;
