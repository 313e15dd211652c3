# SPDX-License-Identifier: GPL-2.0-only
# bash completion for xsdump; made by `xsdump --completion`
_xsdump()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words=
	case ${COMP_WORDS[1]} in
	info) words='--color --help --salvage ' ;;
	tree) words='--color --depth --help --match --owner --perms --salvage ' ;;
	show) words='--color --help --salvage ' ;;
	json) words='--color --compact --flat --help --output --salvage ' ;;
	encode) words='--color --format --help --output ' ;;
	diff) words='--color --help --stat ' ;;
	verify) words='--color --help --salvage --strict --use ' ;;
	stats) words='--color --help --salvage ' ;;
	records) words='--color --help --verbose ' ;;
	extract) words='--color --domain --help --output ' ;;
	tee) words='--color --help --strict --use ' ;;
	capture) words='--color --help --output ' ;;
	inject) words='--check --color --help ' ;;
	live) words='--color --compact --depth --flat --help --match --owner --perms --strict --use --verbose ' ;;
	esac
	if [ "$COMP_CWORD" = 1 ]; then
		words='info tree show json encode diff verify stats records extract tee capture inject live '
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	if [ "$COMP_CWORD" != 1 ] && [ "${cur#-}" = "$cur" ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _xsdump xsdump
