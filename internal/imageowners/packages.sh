# Prints the installed packages of the image as its /packages.txt would list them,
# then a line that says that this was all.

if command -v dpkg-query >/dev/null; then
	dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show || exit
elif command -v rpm >/dev/null; then
	rpm -qa || exit
elif command -v apk >/dev/null; then
	apk list --installed || exit
else
	exit 127
fi
echo '# end'
