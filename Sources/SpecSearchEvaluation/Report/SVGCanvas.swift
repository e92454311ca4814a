/// The elements of a drawing as they come about.
///
/// Colours are classes (`ChartSVG.style`): an element in a series' group takes the group's `currentColor`.
struct SVGCanvas {
    enum Anchor: String {
        case start, middle, end
    }

    let width: Double
    private(set) var elements: [String] = []

    init(width: Double) {
        self.width = width
    }

    /// What stands in one series' colour; the colours repeat when there are more series than colours.
    mutating func series(_ index: Int, _ draw: (inout SVGCanvas) -> Void) {
        var inner = SVGCanvas(width: width)
        draw(&inner)
        if !inner.elements.isEmpty {
            elements += ["<g class=\"s\(index % ChartSVG.colourCount)\">"] + inner.elements + ["</g>"]
        }
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        path("M\(Self.point(x1, y1))L\(Self.point(x2, y2))", style)
    }

    mutating func path(_ data: String, _ style: String, attributes: String = "", hint: String? = nil) {
        element("path", "class=\"\(style)\" d=\"\(data)\"" + attributes, hint)
    }

    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, hint: String? = nil) {
        let place = FigureText.place
        element(
            "rect",
            "class=\"fill\" x=\"\(place(x))\" y=\"\(place(y))\" width=\"\(place(width))\" height=\"\(place(height))\"",
            hint)
    }

    /// A text on its baseline, cut where it is wider than the limit and kept inside the drawing.
    mutating func text(
        _ text: String, _ x: Double, _ y: Double, _ style: String = "label", _ anchor: Anchor = .start,
        limit: Double? = nil
    ) {
        guard !text.isEmpty else { return }
        let shown = FigureText.elided(text, to: min(limit ?? width, width))
        let size = FigureText.width(shown)
        let left = anchor == .start ? 0 : anchor == .middle ? size / 2 : size
        let inside = min(max(x, left), max(width - size + left, left))
        let turn = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        let hint = shown == text ? "" : "<title>\(FigureText.escaped(text))</title>"
        elements.append(
            "<text class=\"\(style)\" x=\"\(FigureText.place(inside))\" y=\"\(FigureText.place(y))\"\(turn)>"
                + "\(hint)\(FigureText.escaped(shown))</text>")
    }

    /// A series' sign at a place: each of the first six has another shape.
    mutating func marker(_ index: Int, _ x: Double, _ y: Double, radius: Double = 4.2, hint: String? = nil) {
        let r = radius
        let corners: [(Double, Double)]
        switch index % 6 {
        case 0:
            let place = FigureText.place
            return element(
                "circle", "class=\"mark\" cx=\"\(place(x))\" cy=\"\(place(y))\" r=\"\(place(r))\"", hint)
        case 1: corners = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
        case 2: corners = [(0, -1.2), (1.15, 0.85), (-1.15, 0.85)]
        case 3: corners = [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]
        case 4: corners = [(0, 1.2), (1.15, -0.85), (-1.15, -0.85)]
        default:
            corners = [
                (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2),
                (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
            ]
        }
        path(Self.polyline(corners.map { (x + r * $0.0, y + r * $0.1) }) + "Z", "mark", hint: hint)
    }

    /// Rows of signs and names, broken where a row is full; returns the height that they take.
    mutating func legend(
        _ names: [String], signWidth: Double, sign: (inout SVGCanvas, Int, Double, Double) -> Void
    ) -> Double {
        let inset = signWidth + 8
        var (x, y) = (0.0, 12.0)
        for (index, name) in names.enumerated() {
            let size = inset + min(FigureText.width(name), width - inset)
            if x > 0 && x + size > width { (x, y) = (0, y + 22) }
            series(index) { sign(&$0, index, x, y) }
            text(name, x + inset, y + 4.5, limit: width - inset)
            x += size + 18
        }
        return y + 20
    }

    /// The figures along the bottom: ticks, labels and the axis's name; returns the height of all under the line.
    mutating func horizontalAxis(_ axis: ChartAxis, from left: Double, to right: Double, at y: Double, name: String)
        -> Double
    {
        line(left, y, right, y, "axis")
        for tick in axis.ticks {
            let x = left + axis.share(tick) * (right - left)
            line(x, y, x, y + 4, "axis")
            text(axis.label(tick), x, y + 18, "tick", .middle)
        }
        text(name, (left + right) / 2, y + 38, "name", .middle)
        return name.isEmpty ? 24 : 46
    }

    static func point(_ x: Double, _ y: Double) -> String { "\(FigureText.place(x)) \(FigureText.place(y))" }

    static func polyline(_ points: [(Double, Double)]) -> String {
        "M" + points.map { point($0.0, $0.1) }.joined(separator: "L")
    }

    private mutating func element(_ name: String, _ attributes: String, _ hint: String?) {
        let inside = hint.map { "><title>\(FigureText.escaped($0))</title></\(name)>" } ?? "/>"
        elements.append("<\(name) \(attributes)\(inside)")
    }
}
