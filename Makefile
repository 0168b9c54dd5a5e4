# What this project can do; `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-stop test bench soak fuzz extension install-roundcube install-roundcube-plugin

# The webmail of the demonstration, its port, and how many contacts its account has.
HOST ?= roundcube
DEMO_PORT ?= 8080
DEMO_CONTACTS ?= 250

# How long `make fuzz` gives each target; `make test` gives it 60 seconds.
FUZZ_SECONDS ?= 3600

# How many requests `make soak` sends.
SOAK_REQUESTS ?= 50000

# Where an admin's Roundcube and PHP are; the defaults are Debian's.
ROUNDCUBE_PLUGINS ?= /var/lib/roundcube/plugins
PHP_CONFIG ?= php-config8.2
PHP_MODS ?= /etc/php/8.2/mods-available
STATE_DIR ?= /var/lib/openxport
PHP_USER ?= www-data
DESTDIR ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 30

demo: ## serve a real Roundcube with a filled account (DEMO_PORT=8080 DEMO_CONTACTS=250 HOST=roundcube)
	@DEMO_PORT=$(DEMO_PORT) DEMO_CONTACTS=$(DEMO_CONTACTS) HOST=$(HOST) tests/services/demo.sh

demo-stop: ## end what `make demo` started, and forget its account
	@tests/services/down.sh demo clean && echo "Nothing of the demonstration runs now."

test: ## run every test; ends with a word and, when one failed, with an error
	@tests/services/test.sh

bench: ## measure whole HTTP requests against Roundcube's own work (DATABASES="sqlite mariadb")
	@benches/http/run.sh

soak: ## send 50,000 mixed requests to one worker and see what they leave (SOAK_REQUESTS=50000)
	@SOAK_REQUESTS=$(SOAK_REQUESTS) tests/soak/run.sh

fuzz: ## fuzz every target for a long time (FUZZ_SECONDS=3600)
	@tests/services/install.sh
	@source tests/services/environment.sh && use_rust && fuzz/run $(FUZZ_SECONDS)

extension: ## build the PHP extension: target/release/libopenxport.so
	@tests/services/install.sh build
	@tests/services/cargo.sh build --release

# Root need not have what builds the extension, so that comes before.
install-roundcube: install-roundcube-plugin ## install the built extension and the plugin (as root; DESTDIR, ROUNDCUBE_PLUGINS, PHP_CONFIG, PHP_MODS, STATE_DIR, PHP_USER)
	@test -f target/release/libopenxport.so || { echo "run make extension first"; exit 1; }
	install -D -m 0644 target/release/libopenxport.so "$(DESTDIR)$$($(PHP_CONFIG) --extension-dir)/openxport.so"
	install -d "$(DESTDIR)$(PHP_MODS)"
	printf 'extension=openxport.so\nopenxport.state_dir=%s\n' "$(STATE_DIR)" > "$(DESTDIR)$(PHP_MODS)/openxport.ini"
	install -d -m 0700 "$(DESTDIR)$(STATE_DIR)"
	test "$$(id -u)" != 0 || chown "$(PHP_USER):" "$(DESTDIR)$(STATE_DIR)"
	@echo "Now: phpenmod openxport; make the plugin's table with Roundcube's"
	@echo "  bin/updatedb.sh --package=jmap --dir=$(ROUNDCUBE_PLUGINS)/jmap/SQL"
	@echo "as the user that PHP runs as; add 'jmap' to \$$config['plugins']; restart php-fpm or Apache."

# The plugin's folder holds a link to the code that all webmails share; the copy has the files.
PLUGIN_DIR ?= $(DESTDIR)$(ROUNDCUBE_PLUGINS)/jmap
install-roundcube-plugin:
	install -d "$(PLUGIN_DIR)"
	cp -RL --no-preserve=ownership roundcube-plugin/. "$(PLUGIN_DIR)/"
	chmod -R u=rwX,go=rX "$(PLUGIN_DIR)"
