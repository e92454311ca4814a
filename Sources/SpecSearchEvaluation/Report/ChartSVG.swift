/// A chart drawn as SVG at a width in pixels; it scales, and its texts are laid out for that width.
package struct ChartSVG: Sendable {
    /// What a page's column holds, and what a phone does.
    package static let wide = 720.0
    package static let narrow = 350.0

    private let chart: ReportChart
    private let width: Double

    package init(_ chart: ReportChart, width: Double = ChartSVG.wide) {
        self.chart = chart
        self.width = width
    }

    /// An element for a page that holds `style`; ids begin with the prefix.
    package func element(idPrefix: String, styleClass: String = "") -> String {
        let (elements, height) = drawing
        return open(idPrefix, "chart" + (styleClass.isEmpty ? "" : " " + styleClass), 0, 0, width, height)
            + (elements + ["</svg>"]).joined(separator: "\n")
    }

    /// A file of its own, on its own ground, so that it can be read wherever it is shown.
    package var document: String {
        let (elements, height) = drawing
        let (margin, place) = (16.0, FigureText.place)
        let (outerWidth, outerHeight) = (place(width + 2 * margin), place(height + 2 * margin))
        let size = " xmlns=\"http://www.w3.org/2000/svg\" width=\"\(outerWidth)\" height=\"\(outerHeight)\""
        let open = open("chart", "chart", -margin, -margin, width + 2 * margin, height + 2 * margin, attributes: size)
        let ground = "<rect class=\"ground\" x=\"-16\" y=\"-16\" width=\"\(outerWidth)\" height=\"\(outerHeight)\"/>"
        return open + (["<style>\(Self.style)</style>", ground] + elements + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private var drawing: (elements: [String], height: Double) {
        var canvas = SVGCanvas(width: width)
        let height =
            switch chart.kind {
            case .lines(let series): PointPlot(chart, series, isConnected: true).draw(on: &canvas)
            case .scatter(let series): PointPlot(chart, series, isConnected: false).draw(on: &canvas)
            case .bars(let groups, let stacked): RowPlot(chart).draw(groups, stacked: stacked, on: &canvas)
            case .intervals(let rows, let reference): RowPlot(chart).draw(rows, reference: reference, on: &canvas)
            }
        if let height { return (canvas.elements, height) }
        canvas.text("no data", width / 2, 45, "name", .middle)
        return (canvas.elements, 80)
    }

    private func open(
        _ id: String, _ styleClass: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double,
        attributes: String = ""
    ) -> String {
        let box = [x, y, width, height].map(FigureText.place).joined(separator: " ")
        let summary = InlineMarkup(chart.caption).plain
        return """
            <svg class="\(styleClass)"\(attributes) viewBox="\(box)" role="img" aria-labelledby="\(id)-title \(id)-desc">
            <title id="\(id)-title">\(FigureText.escaped(chart.title))</title>
            <desc id="\(id)-desc">\(FigureText.escaped(summary))</desc>

            """
    }
}

extension ChartSVG {
    /// How many series have a colour of their own.
    static let colourCount = 7

    /// The style of every chart: the colours of Okabe and Ito, darkened on white and lightened on black until each stands
    /// out by at least 3 : 1.
    static let style: String = {
        let light = ["#0072b2", "#d55e00", "#008a66", "#a8538a", "#b07a00", "#3b8fc4", "#6b7280"]
        let dark = ["#56b4e9", "#f0843c", "#2fc49b", "#dc94be", "#e8ae34", "#a5c8ff", "#a3acb8"]
        func palette(_ colours: [String]) -> String {
            colours.enumerated().map { ".chart .s\($0){color:\($1)}" }.joined()
        }
        return """
            .chart{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;\
            font-variant-numeric:tabular-nums}
            .chart text{fill:#1d2126;stroke:#fff;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}.chart .tick,.chart .name{fill:#57606a}.chart .ground{fill:#fff}
            .chart path{fill:none}.chart .grid{stroke:#e3e7eb}.chart .axis,.chart .zero{stroke:#8b949e}
            .chart .reference{stroke:#57606a;stroke-dasharray:4 4}
            .chart .line,.chart .whisker{stroke:currentColor;stroke-width:2;stroke-linejoin:round}
            .chart .band,.chart .fill,.chart .mark{fill:currentColor}.chart .band{opacity:.14}
            .chart .mark,.chart .fill{stroke:#fff;stroke-width:1.2}\(palette(light))
            @media screen and (prefers-color-scheme:dark){
            .chart text{fill:#e4e8ec;stroke:#0f1317}.chart .tick,.chart .name{fill:#9aa5b1}.chart .ground{fill:#0f1317}
            .chart .grid{stroke:#272e36}.chart .axis,.chart .zero{stroke:#6b7683}.chart .reference{stroke:#9aa5b1}
            .chart .mark,.chart .fill{stroke:#0f1317}\(palette(dark))}
            """
    }()
}
