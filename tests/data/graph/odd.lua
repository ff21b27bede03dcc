-- odd: words that mean something to XML, Mermaid, Graphviz or a terminal; wide letters.
local function nothing() return nil end
local function yes() return true end

return flow "odd" {
    about = "<b>&amp;</b> ]]> -- \"quotes\" 'single' `ticks` #1 | {x} [y] (z) 100% \\n \\ ; $1 %d",

    task(("a_very_long_step_name_"):rep(4)) {
        about = ("word "):rep(80),
        retry = 3,
        timeout = "10s",
        when = yes,
        undo = nothing,
        run = nothing,
    },
    task "japanese" {
        about = "注文を読み込み、在庫を確認してから、支払いサービスに"
            .. "問い合わせます。" .. "失敗した場合は再試行します。",
        run = nothing,
    },
    task "arabic" { about = "يقرأ الطلب من الخدمة ثم يتحقق من المخزون.", run = nothing },
    task "hebrew" { about = "קורא את ההזמנה מהשירות (3 פעמים).", run = nothing },
    task "emoji" { about = "🚀 ships 📦 to 👩‍👩‍👧‍👦 and 🇩🇪 " .. ("🎉"):rep(40), run = nothing },
    task "wide" { about = ("W"):rep(100), run = nothing },
    task "control" {
        about = "tab\tnew\nline \27[31mred\27[0m nul\0 c1\u{9B} \u{202E}turned\u{202C} \u{FFFE}"
            .. " \xFF",
        run = nothing,
    },
    choice "pick" {
        when("a-label-that-is-much-longer-than-anybody-would-want-to-read.on-a-branch", yes) {
            task "one" (nothing),
        },
        when("1.0", yes) { task "two" (nothing) },
        when("end", yes) { task "end_" (nothing) },
        otherwise {
            task "caught" {
                run = nothing,
                catch = { on "http.5xx" { task "a" (nothing) }, on "*" { task "a" (nothing) } },
            },
        },
    },
}
