# Everything a newcomer needs: `make solve`, `make test`. Scripts/bootstrap.sh finds or builds llama.cpp.

SPECSEARCH = .build/release/specsearch
REAL = qwen2.5-coder
DUCKS = Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends \
every day with four. She sells the remainder at the market for 2 dollars per egg. How much does she make every day?
SWIFT_CODE = Sources Tests Benchmarks/Sources Benchmarks/Benchmarks Fuzzing/Sources Fuzzing/Package.swift Package.swift

.PHONY: help setup build small solve solve-real test test-real test-browser test-servers test-vulkan manual fuzz docs soak bench benchmark benchmark-cluster lint format clean

help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: ## Find or build llama.cpp.
	@Scripts/bootstrap.sh >/dev/null

build: setup ## Build .build/release/specsearch, with its server and clusters.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" \
	  swift build -c release --product specsearch $(TRAITS) -Xlinker -rpath -Xlinker "$$prefix/lib"
	@[ -n "$(TRAITS)" ] || touch .build/whole

# What solving needs: a program without server and clusters, unless the whole one was built before.
small:
	@$(MAKE) --no-print-directory build $$([ -e .build/whole ] || echo TRAITS=--disable-default-traits)

solve: small ## Solve a built-in problem with the shipped models, or PROBLEM="…".
	@if [ -n "$${PROBLEM:-}" ]; then $(SPECSEARCH) solve "$$PROBLEM"; else $(SPECSEARCH) solve --example; fi

solve-real: small ## Pull a pair of real models (1.6 GB, once), then solve a school problem with it, or PROBLEM="…".
	@$(SPECSEARCH) models path $(REAL) >/dev/null 2>&1 || $(SPECSEARCH) models pull $(REAL) >/dev/null
	@$(SPECSEARCH) solve --models $(REAL) "$${PROBLEM:-$(DUCKS)}"

# Tests compare numbers to the last digits, which another device would round otherwise.
test test-real test-servers test-vulkan soak benchmark: export SPECSEARCH_BACKEND ?= cpu

test: setup ## Run all tests.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" && export PKG_CONFIG_PATH && \
	  export GGML_NO_BACKTRACE=1 SWIFT_BACKTRACE=enable=no && \
	  swift build --build-tests -Xlinker -rpath -Xlinker "$$prefix/lib" && \
	  swift test --skip-build --no-parallel -Xlinker -rpath -Xlinker "$$prefix/lib"

test-real: setup ## Test on real models: a small one, pulled here (98 MB, once), and larger ones that were pulled before.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" && export PKG_CONFIG_PATH && \
	  export GGML_NO_BACKTRACE=1 SWIFT_BACKTRACE=enable=no && \
	  swift build --build-tests -Xlinker -rpath -Xlinker "$$prefix/lib" && \
	  Scripts/test-real.sh -Xlinker -rpath -Xlinker "$$prefix/lib"

test-browser: ## Test a real server with real clients and a real browser (after make build or make test).
	@Scripts/test-browser.sh

test-servers: setup ## Test the search on real llama-servers, built first.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" && export PKG_CONFIG_PATH && \
	  SPECSEARCH_LLAMA_SERVER="$$(Scripts/bootstrap.sh --server)" && export SPECSEARCH_LLAMA_SERVER && \
	  export GGML_NO_BACKTRACE=1 SWIFT_BACKTRACE=enable=no && \
	  swift build --build-tests -Xlinker -rpath -Xlinker "$$prefix/lib" && \
	  swift test --skip-build --filter RealServerTests -Xlinker -rpath -Xlinker "$$prefix/lib"

# The library's name is the same for every backend, so what was built against one runs with another.
test-vulkan: setup ## Test models on a Vulkan device, a software renderer at worst (needs glslc and Vulkan's headers).
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" && export PKG_CONFIG_PATH && \
	  vulkan="$$(SPECSEARCH_BACKEND=vulkan Scripts/bootstrap.sh)" && \
	  swift build --build-tests -Xlinker -rpath -Xlinker "$$prefix/lib" && \
	  LD_LIBRARY_PATH="$$vulkan/lib" GGML_VK_VISIBLE_DEVICES="$${GGML_VK_VISIBLE_DEVICES:-0}" \
	  swift test --skip-build --filter OffloadTests -Xlinker -rpath -Xlinker "$$prefix/lib"

fuzz: ## Fuzz what reads bytes from outside, FUZZ_SECONDS (60) for each target.
	@Scripts/fuzz.sh

soak: setup ## Keep a server busy with what costs memory, for SPECSEARCH_SOAK (300) seconds.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" && export PKG_CONFIG_PATH && \
	  SPECSEARCH_SOAK="$${SPECSEARCH_SOAK:-300}" && export SPECSEARCH_SOAK && \
	  swift build --build-tests -Xlinker -rpath -Xlinker "$$prefix/lib" && \
	  swift test --skip-build --filter SoakTests -Xlinker -rpath -Xlinker "$$prefix/lib"

manual: build ## Write the manual page and shell completions to .build/manual.
	@mkdir -p .build/manual && prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" \
	  LD_LIBRARY_PATH="$$prefix/lib" swift package --allow-writing-to-package-directory generate-manual \
	  --configuration debug --output-directory .build/manual
	@for shell in bash zsh fish; do \
	  $(SPECSEARCH) --generate-completion-script $$shell > .build/manual/specsearch.$$shell; done

docs: setup ## Build the libraries' documentation into .build/docs; its warnings are errors.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" Scripts/docs.sh

bench: build ## Compare the methods on held-out problems.
	@$(SPECSEARCH) bench

benchmark: setup ## Count the instructions of the hot paths, against Benchmarks/instructions.json (needs Valgrind).
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" Benchmarks/check.py

benchmark-cluster: setup ## Measure what the coordinator adds to servers that are scripted, 64 searches at once.
	@prefix="$$(Scripts/bootstrap.sh)" && PKG_CONFIG_PATH="$$prefix/lib/pkgconfig" \
	  swift run -c release --package-path Benchmarks coordinator

lint: ## Check the format, strictly.
	@swift format lint --strict --parallel --recursive $(SWIFT_CODE)

format: ## Mend the format.
	@swift format --in-place --parallel --recursive $(SWIFT_CODE)

clean: ## Remove what was built here (the cache of llama.cpp stays).
	@rm -rf .build
