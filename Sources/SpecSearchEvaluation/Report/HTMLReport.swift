/// A report as one self-contained page: no script, no request to anywhere, light and dark, on paper and on a phone.
public struct HTMLReport: Sendable {
    public let text: String

    public init(_ document: ReportDocument) {
        var slugs = Slugs()
        var contents: [(slug: String, title: String)] = []
        var body: [String] = []
        for block in document.blocks {
            switch block {
            case .heading(let title):
                let slug = slugs.unique(title)
                contents.append((slug, title))
                body.append("<h2 id=\"\(slug)\">\(FigureText.escaped(title))</h2>")
            case .subheading(let title):
                body.append("<h3 id=\"\(slugs.unique(title))\">\(FigureText.escaped(title))</h3>")
            case .paragraph(let text): body.append("<p>\(InlineMarkup(text).html)</p>")
            case .list(let items):
                body += ["<ul>"] + items.map { "<li>\(InlineMarkup($0).html)</li>" } + ["</ul>"]
            case .table(let table): body.append(Self.table(table))
            case .chart(let chart): body.append(Self.figure(chart, slug: slugs.unique(chart.id)))
            case .code(let text):
                body.append("<pre tabindex=\"0\"><code>\(FigureText.escaped(text))</code></pre>")
            }
        }
        let title = FigureText.escaped(document.title)
        let subtitle =
            document.subtitle.isEmpty ? "" : "<p class=\"subtitle\">\(InlineMarkup(document.subtitle).html)</p>"
        text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
            img-src data:; base-uri 'none'; form-action 'none'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(title)</title>
            <link rel="icon" href="data:,"/>
            <style>
            \(Self.style)
            \(ChartSVG.style)
            </style>
            </head>
            <body>
            <main>
            <header><h1>\(title)</h1>\(subtitle)</header>
            \((Self.navigation(contents) + body).joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    private static func navigation(_ contents: [(slug: String, title: String)]) -> [String] {
        guard contents.count > 2 else { return [] }
        let links = contents.map { "<li><a href=\"#\($0.slug)\">\(FigureText.escaped($0.title))</a></li>" }
        return ["<nav aria-label=\"Contents\"><ul>"] + links + ["</ul></nav>"]
    }

    private static func table(_ table: ReportTable) -> String {
        let (header, rows) = table.grid
        let caption = table.caption.map { "<caption><span>\(InlineMarkup($0).html)</span></caption>" } ?? ""
        let name = FigureText.escaped(table.caption.map { InlineMarkup($0).plain } ?? "Table")
        let head = header.map { "<th scope=\"col\">\(FigureText.escaped($0))</th>" }.joined()
        let lines = rows.enumerated().map { index, row in
            let cells = row.enumerated().map { column, cell in
                let text = FigureText.escaped(cell)
                return column == 0 ? "<th scope=\"row\">\(text)</th>" : "<td>\(text)</td>"
            }
            return "<tr\(table.highlighted.contains(index) ? " class=\"highlighted\"" : "")>\(cells.joined())</tr>"
        }
        return """
            <div class="scroll" role="region" tabindex="0" aria-label="\(name)"><table>\(caption)
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(lines.joined(separator: "\n"))
            </tbody>
            </table></div>
            """
    }

    /// The chart for wide windows and for narrow ones, of which the style shows one.
    private static func figure(_ chart: ReportChart, slug: String) -> String {
        let title = FigureText.escaped(chart.title)
        let data = chart.data
        let summary = "<summary>The figures<span class=\"hidden\"> of \(title)</span></summary>"
        let figures = data.rows.isEmpty ? "" : "<details>\(summary)\n\(table(data))\n</details>\n"
        return """
            <figure id="\(slug)">
            <figcaption><strong>\(title)</strong> \(InlineMarkup(chart.caption).html)</figcaption>
            \(ChartSVG(chart).element(idPrefix: slug, styleClass: "wide"))
            \(ChartSVG(chart, width: ChartSVG.narrow).element(idPrefix: "\(slug)-narrow", styleClass: "narrow"))
            \(figures)</figure>
            """
    }
}

extension HTMLReport {
    private static let style = """
        :root{color-scheme:light dark;--ground:#fff;--ink:#1d2126;--soft:#57606a;--rule:#d5dbe1;--tint:#f4f6f8;\
        --light:#fdf6dc;--link:#0a5fb4}
        @media screen and (prefers-color-scheme:dark){:root{--ground:#0f1317;--ink:#e4e8ec;--soft:#9aa5b1;\
        --rule:#343c45;--tint:#191f25;--light:#2b2814;--link:#7cb8ff}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;background:var(--ground);color:var(--ink);\
        font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif}
        main{max-width:52.5rem;margin:0 auto;padding:3.5rem 1.25rem 6rem}
        h1,h2,h3{line-height:1.25;text-wrap:balance;overflow-wrap:anywhere}
        h1{font-size:2.1rem;letter-spacing:-.015em;margin:0}
        h2{font-size:1.45rem;letter-spacing:-.01em;margin:3.5rem 0 .8rem;padding-top:1.2rem;\
        border-top:1px solid var(--rule)}
        h3{font-size:1.12rem;margin:2.2rem 0 .5rem}
        p,ul{max-width:68ch;margin:.8rem 0;text-wrap:pretty;overflow-wrap:anywhere}
        ul{padding-left:1.3rem}li{margin:.3rem 0}
        .subtitle{color:var(--soft);margin:.6rem 0 0}
        a{color:var(--link);text-underline-offset:.15em}
        nav ul{list-style:none;padding:0;margin:1.8rem 0 0;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;max-width:none}
        code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
        code{background:var(--tint);border-radius:4px;padding:.1em .25em;overflow-wrap:anywhere}
        pre{background:var(--tint);border-radius:8px;padding:1rem 1.1rem;overflow-x:auto;line-height:1.5}
        pre code{background:none;padding:0}
        .scroll{overflow-x:auto;margin:1.4rem 0}
        table{border-collapse:collapse;font-size:.9375rem;line-height:1.4;font-variant-numeric:tabular-nums}
        caption{text-align:left;color:var(--soft);padding-bottom:.6rem}
        caption span{display:block;position:sticky;left:0;max-width:min(68ch,100vw - 2rem)}
        th,td{padding:.45rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
        thead th{font-weight:600;white-space:normal;text-wrap:balance;color:var(--soft);vertical-align:bottom;border-bottom:2px solid var(--rule)}
        tbody th{font-weight:500}
        tr>:first-child{text-align:left;padding-left:.5rem;position:sticky;left:0;background:var(--ground)}
        .highlighted>*{background:var(--light)!important;font-weight:600}
        figure{margin:2.4rem 0}
        figcaption{max-width:68ch;margin-bottom:1rem;color:var(--soft)}
        figcaption strong{display:block;color:var(--ink);font-weight:600}
        .chart{display:block;width:100%;height:auto;overflow:visible}
        .narrow{display:none}
        details{margin-top:.6rem;font-size:.9375rem}
        summary{cursor:pointer;color:var(--soft);width:max-content}
        :focus-visible{outline:2px solid var(--link);outline-offset:3px;border-radius:3px}
        .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        @media screen and (min-width:56rem){.scroll{width:max-content;max-width:calc(50vw + 23.5rem)}}
        @media screen and (max-width:36rem){main{padding:2rem 1rem 4rem}h1{font-size:1.7rem}h2{font-size:1.3rem;\
        margin-top:2.6rem}.wide{display:none}.narrow{display:block}th,td{padding:.4rem .6rem}}
        @media print{html{font-size:9.5pt}main{max-width:none;padding:0}nav,details{display:none}\
        h2,h3{break-after:avoid}figure,tr,pre{break-inside:avoid}.scroll{overflow:visible}\
        pre{white-space:pre-wrap}th,td{white-space:normal;padding:.3rem .4rem}*{print-color-adjust:exact}}
        """
}
