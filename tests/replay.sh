#!/bin/sh
# moonmill replay as its users run it: the fixtures, files made by hand, wrong use, exit codes.
# usage: replay.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$1

run() { timeout 120 "$moonmill" "$@"; }

for fixture in sqs-event-one sqs-event-batch-10 sqs-event-fifo; do
    check "$fixture" 0 '{"batchItemFailures":\[\]}' replay "tests/data/$fixture.json"
    check "$fixture as JSON" 0 '"fate":"done"' replay --json "tests/data/$fixture.json"
    check "$fixture with one flow" 0 'completed' replay --flow hello "tests/data/$fixture.json"
done
check "the demo" 1 '{"batchItemFailures":\[\]}' \
    replay --answers tests/data/demo-answers.json tests/data/demo.json
check "a job made by hand" 0 'completed' replay tests/data/made-by-hand.json
check "a malformed record is returned alone" 1 '"itemIdentifier":"bad"' \
    replay tests/data/one-malformed.json

# The report: one file without scripts and tokens, with what became of each run.
check "a report" 1 'broken_card' replay --report "$work/out.html" \
    --answers tests/data/demo-answers.json tests/data/demo.json
for part in '<!doctype html>' 'card.broken' 'flows/broken_card.lua:8' 'class="line hit"' \
    '"run-10-charge" data-state="failed"' '"run-9-pay/catch/voucher" data-state="completed"' \
    'default-src .none' '</html>'; do
    grep -q -e "$part" "$work/out.html" || fail "the report has no $part"
done
for part in '<script' 'eyJ' '@JWT@' 'src="http'; do
    grep -q -e "$part" "$work/out.html" && fail "the report has $part"
done
check "a report of a refused record" 1 'returned' \
    replay --report "$work/bad.html" tests/data/one-malformed.json
for part in 'data-state="returned"' 'class="wrong"' 'run_id: must be a string'; do
    grep -q -e "$part" "$work/bad.html" || fail "the report has no $part"
done
check "a report nowhere" 3 '/nowhere/out.html: cannot be written' \
    replay --report /nowhere/out.html tests/data/sqs-event-one.json

printf 'nonsense' >"$work/no.json"
check "no JSON" 3 'no.json' replay "$work/no.json"
check "a bare job" 3 'job' replay tests/data/job-full.json
check "no such file" 3 'nowhere.json' replay nowhere.json
check "no file" 2 'usage\|Try' replay
check "unknown option" 2 'bogus' replay --bogus tests/data/sqs-event-one.json
check "unknown command" 2 "did you mean 'replay'" repaly
check "no such flows" 2 'flows' replay --flows /nowhere tests/data/sqs-event-one.json
check "help" 0 'usage: moonmill replay' replay --help
check "version" 0 'moonmill [0-9]' --version

# The flow of the README loads and runs until it wants to leave the machine.
sed -n '/^```lua$/,/^```$/p' README.md | sed '/^```/d' >"$work/refund.lua"
sed 's/{\\"name\\":\\"Ada\\"}/{\\"order\\":\\"A-1\\",\\"amount\\":7}/' tests/data/made-by-hand.json >"$work/refund.json"
check "the README's flow" 1 'net.denied' replay --json --flows "$work" --flow refund "$work/refund.json"

# The outside world by full URL: exact, without the query, by its beginning; secrets are placeholders.
mkdir "$work/world"
cat >"$work/world/world.lua" <<'EOF'
return flow "world" { task "ask" (function(s, ctx)
    local h = { headers = { Authorization = "Bearer " .. ctx.secret "shop" } }
    local a = ctx.http.get("https://shop.example.com/items?page=1", h).json
    local b = ctx.http.post("https://shop.example.com/orders/7", { json = {} }).json
    local c = ctx.http.get("http://other.example.com/x", { expect = 404 }).body
    return { a, b, c }
end) }
EOF
cat >"$work/world.json" <<'EOF'
{"GET https://shop.example.com/items": [{"json": "items"}],
 "POST https://shop.example.com/*": [{"json": "orders"}],
 "https://shop.example.com/*": [{"json": "wrong"}]}
EOF
check "the world by URL" 0 '"items","orders","the answers file has none for GET http://other.example.com/x"' \
    replay --json --flows "$work/world" --flow world --answers "$work/world.json" tests/data/made-by-hand.json
check "a secret without a replay's world" 1 'net.denied' \
    replay --json --flows "$work/world" --flow world tests/data/made-by-hand.json

timeout 120 "$moonmill" replay - <tests/data/sqs-event-one.json >"$work/out" 2>"$work/err" ||
    fail "standard input"
if timeout 120 "$moonmill" replay tests/data/sqs-event-one.json 2>&1 | grep -q "$(printf '\033')"; then
    fail "colours where there is no terminal"
fi
exit "$failed"
