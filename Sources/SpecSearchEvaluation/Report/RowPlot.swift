/// Rows with figures along the horizontal axis: bars, or estimates with their intervals.
///
/// Labels stand beside their rows where they are short enough, otherwise above them.
struct RowPlot {
    private struct Row {
        var label: String
        /// The figure at the row's end.
        var text: String
        var height: Double
    }

    private static let gap = 12.0
    private let chart: ReportChart

    init(_ chart: ReportChart) {
        self.chart = chart
    }

    /// Bars from the top; returns the height, or nil when there is nothing to draw.
    func draw(_ groups: [ReportChart.BarGroup], stacked: Bool, on canvas: inout SVGCanvas) -> Double? {
        let names = groups.partNames
        let values = groups.map { group in names.map { group.value($0) } }
        let extremes = values.flatMap { parts -> [Double] in
            let present = parts.compactMap { $0 }
            guard stacked else { return present }
            return present.isEmpty
                ? [] : [present.filter { $0 > 0 }.reduce(0, +), present.filter { $0 < 0 }.reduce(0, +)]
        }
        guard !extremes.isEmpty else { return nil }
        var top = 6.0
        if names.count > 1 { top = canvas.legend(names, signWidth: 14) { $0.rectangle($2, $3 - 7, 14, 14) } }
        let rough = ChartAxis(extremes, atMost: 6, includesZero: true)
        let thickness = stacked ? 22.0 : names.count > 1 ? 14.0 : 20.0
        func total(_ parts: [Double?]) -> String {
            let present = parts.compactMap { $0 }
            return present.isEmpty ? "–" : rough.fine(present.reduce(0, +))
        }
        let rows = zip(groups, values).map { group, parts in
            Row(
                label: group.label, text: total(stacked ? parts : []),
                height: stacked ? thickness : thickness * Double(names.count))
        }
        let widest = values.flatMap { parts in
            (stacked ? [total(parts)] : parts.map { total([$0]) }).map { FigureText.width($0) }
        }
        return draw(
            rows, figures: extremes, includesZero: true, reserve: (widest.max() ?? 0) + 8, showsTexts: false, top: top,
            on: &canvas
        ) { canvas, index, y, place in
            var (forward, back) = (0.0, 0.0)
            var lane = y
            for (part, value) in values[index].enumerated() {
                defer { if !stacked { lane += thickness } }
                let value = value ?? .nan
                let start = stacked ? (value < 0 ? back : forward) : 0
                if value < 0 { back += value } else if value > 0 { forward += value }
                if value.isDrawable && value != 0 {
                    let (from, to) = (place(start), place(start + value))
                    let hint = "\(groups[index].label), \(names[part]): \(FigureText.significant(value))"
                    canvas.series(part) {
                        $0.rectangle(
                            min(from, to), lane, abs(to - from), stacked ? thickness : thickness - 2, hint: hint)
                    }
                }
                if !stacked {
                    canvas.text(
                        total([values[index][part]]), place(max(value, 0)) + 6, lane + thickness / 2 + 3.5, "tick")
                }
            }
            if stacked { canvas.text(total(values[index]), place(forward) + 6, y + thickness / 2 + 4.5, "tick") }
        }
    }

    /// A forest plot from the top; returns the height, or nil when there is nothing to draw.
    func draw(_ intervals: [ReportChart.IntervalRow], reference: Double?, on canvas: inout SVGCanvas) -> Double? {
        func usable(_ value: Double) -> Bool { value.isDrawable && (!chart.xIsLogarithmic || value >= 1e-300) }
        var figures = intervals.flatMap { [$0.value, $0.lower, $0.upper].filter(usable) }
        guard !figures.isEmpty else { return nil }
        let reference = reference.flatMap { usable($0) ? $0 : nil }
        if let reference { figures.append(reference) }
        let rough = ChartAxis(figures, atMost: 6, isLogarithmic: chart.xIsLogarithmic)
        func text(_ value: Double) -> String { usable(value) ? rough.fine(value) : "–" }
        let rows = intervals.map { row in
            Row(
                label: row.label,
                text: usable(row.value) ? "\(text(row.value)) [\(text(row.lower)), \(text(row.upper))]" : "–",
                height: 18)
        }
        return draw(
            rows, figures: figures, includesZero: false, reserve: 0, showsTexts: true, reference: reference, top: 6,
            on: &canvas
        ) { canvas, index, y, place in
            let row = intervals[index]
            guard usable(row.value) else { return }
            let middle = y + 9
            canvas.series(0) { canvas in
                if usable(row.lower), usable(row.upper) {
                    let (low, high) = (place(min(row.lower, row.upper)), place(max(row.lower, row.upper)))
                    canvas.line(low, middle, high, middle, "whisker")
                    canvas.line(low, middle - 4, low, middle + 4, "whisker")
                    canvas.line(high, middle - 4, high, middle + 4, "whisker")
                }
                canvas.marker(1, place(row.value), middle, radius: 5, hint: "\(row.label): \(rows[index].text)")
            }
        }
    }

    /// The frame of both: labels, grid, axis and reference; `drawRow` gets a row's index, its top and the scale.
    private func draw(
        _ rows: [Row], figures: [Double], includesZero: Bool, reserve: Double, showsTexts: Bool,
        reference: Double? = nil, top: Double, on canvas: inout SVGCanvas,
        drawRow: (inout SVGCanvas, Int, Double, (Double) -> Double) -> Void
    ) -> Double {
        let labelWidth = rows.map { FigureText.width($0.label) }.max() ?? 0
        let textWidth = showsTexts ? rows.map { FigureText.width($0.text) }.max() ?? 0 : 0
        let isBeside = labelWidth + textWidth <= 0.5 * canvas.width
        let left = isBeside ? labelWidth + 14 : 6
        let right = canvas.width - max(isBeside && showsTexts ? textWidth + 18 : 0, reserve, 14)
        let axis = ChartAxis.fitting(
            figures, pixels: right - left, isLogarithmic: chart.xIsLogarithmic && !includesZero,
            includesZero: includesZero, roundsOut: true)
        func place(_ value: Double) -> Double { left + axis.share(value) * (right - left) }
        var y = top
        if !chart.yLabel.isEmpty {
            canvas.text(chart.yLabel, 0, y + 10, "name")
            y += 24
        }
        if let reference {
            canvas.text(FigureText.significant(reference), place(reference), y + 10, "name", .middle)
            y += 18
        }
        let start = y
        let labelHeight = isBeside ? 0.0 : 20.0
        let bottom = rows.reduce(y) { $0 + $1.height + labelHeight + Self.gap }
        // Labels above the rows have lines of their own, which the grid leaves free.
        let spans =
            isBeside
            ? [(start, bottom)]
            : rows.indices.map { index in
                let end = rows[...index].reduce(start) { $0 + $1.height + labelHeight + Self.gap }
                return (end - rows[index].height - Self.gap / 2, end)
            }
        func upright(_ value: Double, _ style: String) {
            let x = place(value)
            let lines = spans.map { "M\(SVGCanvas.point(x, $0.0))L\(SVGCanvas.point(x, $0.1))" }
            canvas.path(lines.joined(), style)
        }
        for tick in axis.ticks where !(includesZero && tick == 0) { upright(tick, tick == 0 ? "zero" : "grid") }
        if let reference { upright(reference, "reference") }
        for (index, row) in rows.enumerated() {
            let body = y + labelHeight + Self.gap / 2
            let room = isBeside ? labelWidth : canvas.width - (showsTexts ? FigureText.width(row.text) + 12 : 0)
            canvas.text(row.label, 0, isBeside ? body + row.height / 2 + 4.5 : y + 18, limit: room)
            if showsTexts {
                canvas.text(row.text, canvas.width, isBeside ? body + row.height / 2 + 4.5 : y + 18, "tick", .end)
            }
            drawRow(&canvas, index, body, place)
            y = body + row.height + Self.gap / 2
        }
        // The edges of bars would cut the line that they stand on.
        if includesZero { upright(0, "zero") }
        return bottom + canvas.horizontalAxis(axis, from: left, to: right, at: bottom, name: chart.xLabel)
    }
}
