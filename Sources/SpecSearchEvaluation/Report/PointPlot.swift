/// Lines or scattered points over two axes.
struct PointPlot {
    private struct Mark {
        var x: Double
        var y: Double
        var bounds: (lower: Double, upper: Double)?
    }

    private let chart: ReportChart
    private let series: [ReportChart.Series]
    private let isConnected: Bool
    /// Each series' points in runs without a gap.
    private let runs: [[[Mark]]]

    init(_ chart: ReportChart, _ series: [ReportChart.Series], isConnected: Bool) {
        self.chart = chart
        self.series = series
        self.isConnected = isConnected
        runs = series.map { series in
            series.points.map { Self.mark($0, in: chart) }.split { $0 == nil }.map { $0.compactMap { $0 } }
        }
    }

    /// Draws from the top; returns the height, or nil when there is no point to draw.
    func draw(on canvas: inout SVGCanvas) -> Double? {
        let marks = runs.flatMap { $0.flatMap { $0 } }
        guard !marks.isEmpty else { return nil }
        var top = 6.0
        if series.count > 1 { top = canvas.legend(series.map(\.name), signWidth: signWidth, sign: sign) }
        if !chart.yLabel.isEmpty {
            canvas.text(chart.yLabel, 0, top + 12, "name")
            top += 32
        }
        let yAxis = ChartAxis(
            marks.flatMap { [$0.y] + ($0.bounds.map { [$0.lower, $0.upper] } ?? []) }, atMost: 6,
            isLogarithmic: chart.yIsLogarithmic)
        let bottom = top + min(max(canvas.width * 0.42, 200), 300)
        let left = (yAxis.ticks.map { FigureText.width(yAxis.label($0)) }.max() ?? 0) + 10
        let right = canvas.width - 12
        let xAxis = ChartAxis.fitting(
            marks.map(\.x), pixels: right - left, isLogarithmic: chart.xIsLogarithmic, roundsOut: false)
        func place(_ x: Double, _ y: Double) -> (Double, Double) {
            (left + xAxis.share(x) * (right - left), bottom - yAxis.share(y) * (bottom - top))
        }
        for tick in yAxis.ticks {
            let y = place(xAxis.lower, tick).1
            canvas.line(left, y, right, y, "grid")
            canvas.text(yAxis.label(tick), left - 8, y + 4.5, "tick", .end)
        }
        let foot = canvas.horizontalAxis(xAxis, from: left, to: right, at: bottom, name: chart.xLabel)
        for layer in [drawBands, drawLines, drawMarkers] { layer(&canvas, place) }
        return bottom + foot
    }

    private typealias Place = (Double, Double) -> (Double, Double)

    private func drawBands(_ canvas: inout SVGCanvas, _ place: Place) {
        guard isConnected else { return }
        for (index, runs) in runs.enumerated() {
            canvas.series(index) { canvas in
                for run in runs where run.count > 1 {
                    let bounded = run.filter { $0.bounds != nil }
                    guard bounded.count > 1 else { continue }
                    let upper = bounded.map { place($0.x, $0.bounds?.upper ?? $0.y) }
                    let lower = bounded.map { place($0.x, $0.bounds?.lower ?? $0.y) }
                    canvas.path(SVGCanvas.polyline(upper + lower.reversed()) + "Z", "band")
                }
            }
        }
    }

    private func drawLines(_ canvas: inout SVGCanvas, _ place: Place) {
        guard isConnected else { return }
        for (index, runs) in runs.enumerated() {
            canvas.series(index) { canvas in
                for run in runs where run.count > 1 {
                    canvas.path(
                        SVGCanvas.polyline(run.map { place($0.x, $0.y) }), "line", attributes: dash(index))
                }
            }
        }
    }

    private func drawMarkers(_ canvas: inout SVGCanvas, _ place: Place) {
        for (index, runs) in runs.enumerated() {
            // Many points make a line of their own; markers would only blot it.
            let isMarked = !isConnected || (!series[index].isDashed && runs.reduce(0) { $0 + $1.count } <= 40)
            canvas.series(index) { canvas in
                for run in runs where isMarked || run.count == 1 {
                    for mark in run {
                        let (x, y) = place(mark.x, mark.y)
                        if let bounds = mark.bounds, !isConnected || run.count == 1 {
                            let (high, low) = (place(mark.x, bounds.upper).1, place(mark.x, bounds.lower).1)
                            canvas.path("M\(SVGCanvas.point(x, high))L\(SVGCanvas.point(x, low))", "whisker")
                        }
                        canvas.marker(index, x, y, hint: hint(index, mark))
                    }
                }
            }
        }
    }

    private func sign(_ canvas: inout SVGCanvas, _ index: Int, _ x: Double, _ y: Double) {
        if isConnected {
            canvas.path(
                "M\(SVGCanvas.point(x, y))L\(SVGCanvas.point(x + signWidth, y))", "line", attributes: dash(index))
        }
        if !isConnected || !series[index].isDashed { canvas.marker(index, x + signWidth / 2, y) }
    }

    private var signWidth: Double { isConnected ? 26 : 10 }

    private func dash(_ index: Int) -> String {
        guard series[index].isDashed else { return "" }
        return " stroke-dasharray=\"\(["6 4", "2 3", "9 3 2 3", "12 4"][index % 4])\""
    }

    private func hint(_ index: Int, _ mark: Mark) -> String {
        let figure = FigureText.significant
        let interval = mark.bounds.map { " [\(figure($0.lower)), \(figure($0.upper))]" } ?? ""
        return "\(series[index].name): \(figure(mark.x)), \(figure(mark.y))\(interval)"
    }

    private static func mark(_ point: ReportChart.Point, in chart: ReportChart) -> Mark? {
        func usable(_ value: Double?, _ isLogarithmic: Bool) -> Double? {
            guard let value, value.isDrawable, !isLogarithmic || value >= 1e-300 else { return nil }
            return value
        }
        guard let x = usable(point.x, chart.xIsLogarithmic), let y = usable(point.y, chart.yIsLogarithmic) else {
            return nil
        }
        var mark = Mark(x: x, y: y)
        if let lower = usable(point.lower, chart.yIsLogarithmic), let upper = usable(point.upper, chart.yIsLogarithmic)
        {
            mark.bounds = (min(lower, upper), max(lower, upper))
        }
        return mark
    }
}
