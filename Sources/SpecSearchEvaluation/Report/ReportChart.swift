/// A chart as data: figures, names and what is to be seen in them.
///
/// A missing or non-finite figure (on a logarithmic axis also one that is not positive) is left out: a line has a gap
/// there. `.lines` and `.scatter` name their axes as usual; in `.bars` and `.intervals` the figures run along the
/// horizontal axis, so `xLabel` names them and `yLabel` heads the rows.
public struct ReportChart: Sendable {
    /// One figure over another, with the interval around it if there is one.
    public struct Point: Sendable {
        public var x: Double
        /// Nil where it is missing.
        public var y: Double?
        public var lower: Double?
        public var upper: Double?

        public init(_ x: Double, _ y: Double?, lower: Double? = nil, upper: Double? = nil) {
            self.x = x
            self.y = y
            self.lower = lower
            self.upper = upper
        }
    }

    /// Named points, joined in their order by `.lines`.
    public struct Series: Sendable {
        public var name: String
        public var points: [Point]
        /// A dashed line without markers, as for thresholds.
        public var isDashed: Bool

        public init(_ name: String, _ points: [Point], isDashed: Bool = false) {
            self.name = name
            self.points = points
            self.isDashed = isDashed
        }
    }

    /// One named part of a category's bar.
    public struct Part: Sendable {
        public var name: String
        public var value: Double

        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// A category: its parts are stacked, or stand beside each other.
    public struct BarGroup: Sendable {
        public var label: String
        public var parts: [Part]

        public init(_ label: String, _ parts: [Part]) {
            self.label = label
            self.parts = parts
        }
    }

    /// An estimate with its interval: one row of a forest plot.
    public struct IntervalRow: Sendable {
        public var label: String
        public var value: Double
        public var lower: Double
        public var upper: Double

        public init(_ label: String, value: Double, lower: Double, upper: Double) {
            self.label = label
            self.value = value
            self.lower = lower
            self.upper = upper
        }
    }

    /// How the figures are drawn.
    public enum Kind: Sendable {
        case lines([Series])
        case bars([BarGroup], stacked: Bool)
        /// A forest plot; the reference is a vertical line, such as no difference or a margin.
        case intervals([IntervalRow], reference: Double?)
        case scatter([Series])
    }

    /// The name of the chart's file, without its ending.
    public var id: String
    public var title: String
    /// What is to be seen.
    public var caption: String
    public var xLabel: String
    public var yLabel: String
    public var kind: Kind
    /// Whether the horizontal axis is logarithmic; without effect on bars.
    public var xIsLogarithmic: Bool
    /// Whether the vertical axis of lines and scatter is logarithmic.
    public var yIsLogarithmic: Bool

    public init(
        id: String, title: String, caption: String, xLabel: String, yLabel: String, kind: Kind,
        xIsLogarithmic: Bool = false, yIsLogarithmic: Bool = false
    ) {
        self.id = id
        self.title = title
        self.caption = caption
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.kind = kind
        self.xIsLogarithmic = xIsLogarithmic
        self.yIsLogarithmic = yIsLogarithmic
    }
}

extension ReportChart {
    /// The chart's figures as a table, for those who do not see it and those who want the numbers.
    var data: ReportTable {
        let figure = FigureText.significant
        func interval(_ lower: Double?, _ upper: Double?) -> String {
            guard let lower, let upper else { return "" }
            return " [\(figure(lower)), \(figure(upper))]"
        }
        switch kind {
        case .lines(let series):
            let places = Set(series.flatMap { $0.points.map(\.x) }.filter(\.isFinite)).sorted()
            let columns = series.map { Dictionary(grouping: $0.points, by: \.x) }
            return ReportTable(
                header: [xLabel] + series.map(\.name),
                rows: places.map { x in
                    [figure(x)]
                        + columns.map { points in
                            (points[x] ?? []).map { figure($0.y ?? .nan) + interval($0.lower, $0.upper) }
                                .joined(separator: "; ")
                        }
                })
        case .scatter(let series):
            return ReportTable(
                header: ["series", xLabel, yLabel],
                rows: series.flatMap { series in
                    series.points.map { point in
                        [series.name, figure(point.x), figure(point.y ?? .nan) + interval(point.lower, point.upper)]
                    }
                })
        case .bars(let groups, _):
            let names = groups.partNames
            return ReportTable(
                header: [yLabel] + names,
                rows: groups.map { group in
                    [group.label] + names.map { name in group.value(name).map(figure) ?? "–" }
                })
        case .intervals(let rows, _):
            return ReportTable(
                header: [yLabel, xLabel, "lower", "upper"],
                rows: rows.map { [$0.label, figure($0.value), figure($0.lower), figure($0.upper)] })
        }
    }
}

extension [ReportChart.BarGroup] {
    /// The names of all parts, in the order of their first appearance.
    var partNames: [String] {
        var known: Set<String> = []
        return flatMap { $0.parts.map(\.name) }.filter { known.insert($0).inserted }
    }
}

extension ReportChart.BarGroup {
    /// A part's value, summed should it come up several times; nil without one.
    func value(_ name: String) -> Double? {
        let values = parts.filter { $0.name == name && $0.value.isDrawable }.map(\.value)
        return values.isEmpty ? nil : values.reduce(0, +)
    }
}
