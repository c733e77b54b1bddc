# Arguments: pairs of a kind and a name. Prints, for each file of the image that
# has one, the number of the pair, its package and its path, with tabs between.

under() { # the directories of a list that are there
	for dir; do [ -d "$dir" ] && printf '%s\n' "$dir"; done
}

files() {
	case $1 in
	header)
		case $2 in /*) [ -f "$2" ] && printf '%s\n' "$2" && return ;; esac
		find $(under /usr/include /usr/local/include) -path "*/$2" ;;
	pkg-config*) find $(under /usr/lib /usr/lib64 /usr/share /usr/local) -path "*/pkgconfig/$2.pc" ;;
	tool) command -v -- "$2" | grep '^/' ;;
	library) find $(under /usr/lib /usr/lib64 /lib) \( -name "lib$2.so*" -o -name "lib$2.a" \) ;;
	symbol) find $(under /usr/lib /usr/lib64 /lib) -maxdepth 2 -type f -name 'lib*.so*' -exec grep -lF -e "$2" {} + ;;
	function) grep -rlwF -e "$2" $(under /usr/include) ;;
	Python*) find $(under /usr/lib /usr/lib64 /usr/local/lib) -maxdepth 4 -path '*/python3*' \( -name "$2" -o -name "$2.py" -o -name "$2.*.so" \) ;;
	Perl*) find $(under /usr/share /usr/lib /usr/lib64) -path "*perl*/$2" ;;
	esac 2>/dev/null | head -n 8
}

owner() { # of a path, which may be under another name since /bin is /usr/bin
	for path in "$1" "$(readlink -f -- "$1")" "${1#/usr}"; do
		name=
		if command -v dpkg-query >/dev/null; then
			name=$(dpkg-query -S -- "$path" 2>/dev/null | grep -v '^diversion ' | head -n 1)
			name=${name%%: *}
			name=${name%%,*}
		elif command -v rpm >/dev/null; then
			name=$(rpm -qf --qf '%{NAME}\n' -- "$path" 2>/dev/null) || name=
		elif command -v apk >/dev/null; then
			name=$(apk info -W "$path" 2>/dev/null | sed -n 's/.* is owned by //p' | sed 's/-[0-9][^-]*-r[0-9]*$//')
		fi
		[ -n "$name" ] && printf '%s\n' "$name" | head -n 1 && return
	done
}

number=0
while [ $# -ge 2 ]; do
	files "$1" "$2" | while IFS= read -r path; do
		package=$(owner "$path")
		[ -n "$package" ] && printf '%s\t%s\t%s\n' "$number" "$package" "$path"
	done
	number=$((number + 1))
	shift 2
done
exit 0
