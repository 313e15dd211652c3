# SPDX-License-Identifier: GPL-2.0-only
# `make install` and `make uninstall`: the daemon, its manual page, the systemd
# unit and the sample configuration.  Nothing below /etc is touched, so the
# daemon in use stays in use until the operator names another one.

prefix      ?= /usr/local
exec_prefix ?= $(prefix)
sbindir     ?= $(exec_prefix)/sbin
datarootdir ?= $(prefix)/share
mandir      ?= $(datarootdir)/man
docdir      ?= $(datarootdir)/doc/xenstored
unitdir     ?= $(prefix)/lib/systemd/system
INSTALL     ?= install

# The program as the build leaves it.
XENSTORED_BIN ?= $(BUILD)/bin/xenstored

INSTALL_FILES := $(sbindir)/xenstored \
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

install: $(XENSTORED_BIN)
	$(INSTALL) -d '$(DESTDIR)$(sbindir)'
	$(INSTALL) -m 755 $(XENSTORED_BIN) '$(DESTDIR)$(sbindir)/xenstored'
	$(call install-text,docs/man/xenstored.8,$(mandir)/man8/xenstored.8)
	$(call install-text,dist/xenstored.service.in,$(unitdir)/xenstored.service)
	$(call install-text,dist/xenstored.default,$(docdir)/examples/xenstored.default)

uninstall:
	rm -f $(foreach f,$(INSTALL_FILES),'$(DESTDIR)$(f)')
