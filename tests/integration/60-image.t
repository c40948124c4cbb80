#!/bin/bash
# The container image as a file: what is in it, that it is reproducible, what cannot be built. No engine.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
image_build=$top/assets/image/build

run_status "$image_build" image.tar logos-testbench:t "$ltb_node"
is "an image of the node" "$status:$output" "0:"

# --- what is in it -------------------------------------------------------------------------

mkdir image
tar xf image.tar -C image
config=$(jq -r '.[0].Config' image/manifest.json)
layer=$(jq -r '.[0].Layers[0]' image/manifest.json)
field() { jq -r "$1" "image/$config"; }
is "its tag" "$(jq -c '.[0].RepoTags' image/manifest.json)" '["logos-testbench:t"]'
is "the configuration is named by its sum" "$config" "$(sha256sum <"image/$config" | cut -d ' ' -f 1).json"
is "the layer's sum" "$(field '.rootfs.diff_ids[0]')" "sha256:$(sha256sum <"image/$layer" | cut -d ' ' -f 1)"
is "user" "$(field .config.User)" 65532:65532
is "entry point" "$(field '.config.Entrypoint | join(" ")')" /usr/bin/ltb-node
is "working directory" "$(field .config.WorkingDir)" /data
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) arch=$(field .architecture) ;;
esac
is "architecture" "$(field .architecture) $(field .os)" "$arch linux"
is "the label" "$(field '.config.Labels["org.logos.testbench.programs"]')" \
	"$("$image_build" --digest "$ltb_node")"
tar tvf "image/$layer" --numeric-owner >files
like "the program" "$(cat files)" '^-rwxr-xr-x 0/0 .* usr/bin/ltb-node$'
like "the data directory" "$(cat files)" '^drwx------ 65532/65532 .* data/$'
like "a place for temporary files" "$(cat files)" '^drwxrwxrwt 0/0 .* tmp/$'
is "nothing else but the users is not root's, or may be written" \
	"$(grep -vc " 0/0 " files) $(grep -cE "^.{8}w" files)" "1 1"
is "the users" "$(tar xOf "image/$layer" etc/passwd | cut -d : -f 1,3,6 | tr '\n' ' ')" \
	"root:0:/ ltb:65532:/data "
is "names are looked up" "$(tar xOf "image/$layer" etc/nsswitch.conf)" "hosts: files dns"
missing=$(ldd "$ltb_node" | grep -o ' /[^ ]*\|^[[:space:]]*/[^ ]*' | tr -d ' \t' | while read -r lib; do
	tar tf "image/$layer" "${lib#/}" >/dev/null 2>&1 || echo "$lib"
done)
is "all libraries" "$missing" ""

# --- reproducible ----------------------------------------------------------------------------

mkdir other
cp "$ltb_node" other/ltb-node
touch -d 2001-01-01 other/ltb-node
mkdir elsewhere
(umask 077 && TMPDIR=$work/elsewhere TZ=Asia/Tokyo "$image_build" again.tar logos-testbench:t other/ltb-node)
ok "the same program gives the same image" cmp image.tar again.tar
is "no temporary file is left" "$(find elsewhere -mindepth 1)$(find . -maxdepth 1 -name '*.tar.*')" ""
if [ "$(id -u)" = 0 ]; then
	mkdir user
	cp "$ltb_node" user/ltb-node
	chmod -R a+rwX . && chmod a+rx "$work"
	TMPDIR=$work/user setpriv --reuid 65534 --regid 65534 --clear-groups "$image_build" user/image.tar \
		logos-testbench:t user/ltb-node
	ok "so it does for another user" cmp image.tar user/image.tar
fi
cp "$ltb_node" other/ltb-node
printf x >>other/ltb-node
digest=$("$image_build" --digest "$ltb_node")
ok "another program has another digest" [ "$("$image_build" --digest other/ltb-node)" != "$digest" ]
ok "one more program, too" [ "$("$image_build" --digest "$ltb_node" "$ltb")" != "$digest" ]
IMAGE_VERSION=1.2+g3 "$image_build" v.tar logos-testbench "$ltb_node" "$ltb"
version=$(tar xOf v.tar --wildcards '*.json' | jq -rs '.[] | objects |
	.config.Labels["org.opencontainers.image.version"]')
is "the version" "$version" 1.2+g3
is "a tag of its own accord" "$(tar xOf v.tar manifest.json | jq -r '.[0].RepoTags[0]')" logos-testbench:latest

# --- other programs ------------------------------------------------------------------------------

# fails STATUS NAME REGEXP ARGUMENTS...
fails() {
	local wanted=$1 name=$2 regexp=$3
	shift 3
	run_status "$image_build" "$@"
	is "$name: status" "$status" "$wanted"
	like "$name: why" "$output" "$regexp"
}
printf 'int main(void) { return 7; }\n' >static.c
ok "a static program is compiled" "${CC:-gcc}" -static -o static static.c
run_status "$image_build" static.tar s:1 ./static
is "an image of it" "$status:$output" "0:"
is "without libraries" "$(tar xOf static.tar --wildcards '*/layer.tar' | tar tf - | grep -c '\.so')" 0

printf 'int f(void) { return 7; }\n' >f.c
printf 'int f(void); int main(void) { return f(); }\n' >main.c
mkdir lib
"${CC:-gcc}" -shared -fPIC -o lib/libf.so f.c && "${CC:-gcc}" -o main main.c -Llib -lf
fails 4 "a library that is not there" 'needs what is not installed: libf.so' x.tar s:1 ./main
"${CC:-gcc}" -o main main.c -Llib -lf -Wl,-rpath,"$work/lib"
"$image_build" main.tar s:1 ./main
mkdir root
tar xOf main.tar --wildcards '*/layer.tar' | tar xf - -C root
is "one of an unusual place is found without the loader's cache" \
	"$(find root -name libf.so -type l -exec readlink {} +)" "$work/lib/libf.so"

fails 4 "no such program" 'missing: no such program; build it first' x.tar s:1 ./missing
fails 4 "a script" 'main.c: not a program' x.tar s:1 main.c
fails 4 "a directory" 'not a readable file' x.tar s:1 lib
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\375\0' >alien
fails 4 "a program of another processor" 'a program for elf-00fd' x.tar s:1 ./alien
fails 4 "no such directory" 'cannot write nowhere/x.tar' nowhere/x.tar s:1 "$ltb_node"
fails 4 "a directory in the way" 'it is a directory' lib s:1 "$ltb_node"
fails 2 "a wrong tag" 'is no name of an image' x.tar 'a"b' "$ltb_node"
fails 2 "too few arguments" '^image: usage' x.tar s:1
fails 2 "twice the same name" 'two programs of the name ltb-node' x.tar s:1 "$ltb_node" other/ltb-node
fails 4 "a digest of nothing" 'no such program' --digest ./missing
run_status env TMPDIR="$work/nowhere" "$image_build" x.tar s:1 "$ltb_node"
is "no temporary directory: status" "$status" 4
like "no temporary directory: why" "$output" 'set TMPDIR'
is "nothing was written" "$(find . -maxdepth 1 -name 'x.tar*')" ""

mkdir disk
if mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null; then
	run_status "$image_build" disk/x.tar s:1 "$ltb_node"
	is "a full disk: status" "$status" 4
	like "a full disk: why" "$output" 'could not make disk/x.tar.*space left'
	is "nothing is left on it" "$(ls disk)" ""
	umount disk
fi

[ $tap_failed = 0 ]
