# SPDX-License-Identifier: GPL-2.0-only
# `make install` and `make uninstall`: the daemon, xsdump, their manual pages,
# the systemd unit and the sample configuration.  Nothing below /etc is touched, so the
# daemon in use stays in use until the operator names another one.

prefix      ?= /usr/local
exec_prefix ?= $(prefix)
sbindir     ?= $(exec_prefix)/sbin
bindir      ?= $(exec_prefix)/bin
datarootdir ?= $(prefix)/share
mandir      ?= $(datarootdir)/man
docdir      ?= $(datarootdir)/doc/xenstored
unitdir     ?= $(prefix)/lib/systemd/system
INSTALL     ?= install

# The program as the build leaves it.
XENSTORED_BIN ?= $(BUILD)/bin/xenstored

INSTALL_FILES := $(sbindir)/xenstored \
                 $(bindir)/xsdump \
                 $(mandir)/man1/xsdump.1 \
                 $(datarootdir)/bash-completion/completions/xsdump \
                 $(mandir)/man8/xenstored.8 \
                 $(unitdir)/xenstored.service \
                 $(docdir)/examples/xenstored.default

# $(call install-text,<template>,<place>): with its paths filled in
define install-text
$(INSTALL) -d '$(DESTDIR)$(dir $(2))'
sed -e 's|@prefix@|$(prefix)|g' -e 's|@sbindir@|$(sbindir)|g' $(1) \
	> '$(DESTDIR)$(2)'
chmod 644 '$(DESTDIR)$(2)'
endef

.PHONY: install uninstall

install: $(XENSTORED_BIN) $(BUILD)/bin/xsdump
	$(INSTALL) -d '$(DESTDIR)$(sbindir)'
	$(INSTALL) -m 755 $(XENSTORED_BIN) '$(DESTDIR)$(sbindir)/xenstored'
	$(INSTALL) -d '$(DESTDIR)$(bindir)'
	$(INSTALL) -m 755 $(BUILD)/bin/xsdump '$(DESTDIR)$(bindir)/xsdump'
	$(call install-text,docs/man/xsdump.1,$(mandir)/man1/xsdump.1)
	$(call install-text,docs/man/xsdump.bash,$(datarootdir)/bash-completion/completions/xsdump)
	$(call install-text,docs/man/xenstored.8,$(mandir)/man8/xenstored.8)
	$(call install-text,dist/xenstored.service.in,$(unitdir)/xenstored.service)
	$(call install-text,dist/xenstored.default,$(docdir)/examples/xenstored.default)

uninstall:
	rm -f $(foreach f,$(INSTALL_FILES),'$(DESTDIR)$(f)')
