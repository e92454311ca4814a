internal import Foundation

/// An axis with ticks at round figures: 1, 2 or 5 times a power of ten.
package struct ChartAxis: Sendable {
    /// The figures at the axis's ends.
    package let lower: Double
    package let upper: Double
    package let ticks: [Double]
    /// Digits after the point that tell the ticks apart.
    let decimals: Int
    private let isLogarithmic: Bool

    /// An axis for these figures, those that cannot be drawn left out.
    ///
    /// - Parameters:
    ///   - count: About how many ticks there may be at most; 2 or more.
    ///   - roundsOut: Whether the axis ends at ticks; otherwise it ends a little outside the figures.
    package init(
        _ values: [Double], atMost count: Int, isLogarithmic: Bool = false, includesZero: Bool = false,
        roundsOut: Bool = true
    ) {
        self.isLogarithmic = isLogarithmic
        let values = values.filter { isLogarithmic ? $0.isDrawable && $0 >= 1e-300 : $0.isDrawable }
        var (low, high) = (values.min() ?? (isLogarithmic ? 1 : 0), values.max() ?? 1)
        if includesZero, !isLogarithmic { (low, high) = (min(low, 0), max(high, 0)) }
        if isLogarithmic {
            (lower, upper, ticks) = Self.logarithmic(log10(low), log10(high), count, roundsOut)
            decimals = 0
            return
        }
        if high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-300) {
            let middle = high
            let pad = abs(middle) < 1e-300 ? 1 : abs(middle) / 10
            high = middle + pad
            low = includesZero ? min(middle, 0) : middle - pad
        }
        let isWhole = values.allSatisfy { $0 == $0.rounded() }
        var step = 1.0
        var (first, last) = (0.0, 0.0)
        // Between ends that are no ticks a step may leave fewer than two: a finer one has them.
        for attempt in 0..<5 {
            step = Self.roundStep((high - low) / Double(max(count - 1, 1) + attempt))
            if isWhole { step = max(step, 1) }
            first = roundsOut ? (low / step + 1e-9).rounded(.down) : (low / step - 1e-9).rounded(.up)
            last = roundsOut ? (high / step - 1e-9).rounded(.up) : (high / step + 1e-9).rounded(.down)
            if last > first { break }
        }
        let margin = 0.03 * (high - low)
        lower = roundsOut ? first * step : low - margin
        upper = roundsOut ? last * step : high + margin
        ticks = last < first ? [] : (0...Int(last - first)).map { (first + Double($0)) * step }
        decimals = max(0, -Int(floor(log10(step) + 1e-9)))
    }

    /// An axis along a line of that many pixels, with as many ticks as there is room for their labels.
    static func fitting(
        _ values: [Double], pixels: Double, isLogarithmic: Bool = false, includesZero: Bool = false, roundsOut: Bool
    ) -> ChartAxis {
        func axis(_ count: Int) -> ChartAxis {
            ChartAxis(
                values, atMost: count, isLogarithmic: isLogarithmic, includesZero: includesZero, roundsOut: roundsOut)
        }
        for count in (3...10).reversed() {
            let candidate = axis(count)
            let gaps = zip(candidate.ticks, candidate.ticks.dropFirst()).map { left, right in
                pixels * (candidate.share(right) - candidate.share(left))
                    - (FigureText.width(candidate.label(left)) + FigureText.width(candidate.label(right))) / 2
            }
            if gaps.allSatisfy({ $0 >= 14 }) { return candidate }
        }
        return axis(2)
    }

    /// Where a figure lies between the ends: 0 at the lower, 1 at the upper.
    package func share(_ value: Double) -> Double {
        guard isLogarithmic else { return (value - lower) / (upper - lower) }
        return (log10(value) - log10(lower)) / (log10(upper) - log10(lower))
    }

    /// A tick's figure as text.
    package func label(_ tick: Double) -> String {
        let largest = max(abs(lower), abs(upper))
        if isLogarithmic {
            return tick >= 1e6 || tick < 1e-3
                ? FigureText.scientific(tick, 0) : FigureText.fixed(tick, -Int(floor(log10(tick) + 1e-9)))
        }
        guard tick != 0, largest >= 1e7 || decimals > 5 else { return FigureText.fixed(tick, decimals) }
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : largest
        return FigureText.scientific(
            tick, min(9, max(0, Int(floor(log10(abs(tick)) + 1e-9) - floor(log10(step) + 1e-9)))))
    }

    /// A figure as text, one digit finer than the ticks.
    func fine(_ value: Double) -> String {
        if max(abs(lower), abs(upper)) >= 1e7 || decimals > 5 { return FigureText.significant(value) }
        let finest = isLogarithmic ? 1 - Int(floor(log10(lower) + 1e-9)) : decimals
        return FigureText.fixed(value, finest + (max(abs(lower), abs(upper)) >= 100 ? 0 : 1))
    }

    /// The smallest of 1, 2, 5 times a power of ten that is not below.
    private static func roundStep(_ raw: Double) -> Double {
        let power = pow(10, floor(log10(raw)))
        return (([1, 2, 5].first { $0 * power >= raw * (1 - 1e-9) }) ?? 10) * power
    }

    private static func logarithmic(
        _ low: Double, _ high: Double, _ count: Int, _ roundsOut: Bool
    ) -> (Double, Double, [Double]) {
        let (low, high) = high - low < 1e-9 ? (low - 0.2, high + 0.2) : (low, high)
        let decades = Int(floor(low))...Int(ceil(high))
        let all = decades.flatMap { decade in [1.0, 2, 5].map { $0 * pow(10, Double(decade)) } }
        let margin = roundsOut ? 0 : 0.03 * (high - low)
        let lower = roundsOut ? all.last { log10($0) <= low + 1e-9 } : nil
        let upper = roundsOut ? all.first { log10($0) >= high - 1e-9 } : nil
        let ends = (lower ?? pow(10, low - margin), upper ?? pow(10, high + margin))
        func inside(_ ticks: [Double]) -> [Double] {
            ticks.filter { $0 >= ends.0 * (1 - 1e-9) && $0 <= ends.1 * (1 + 1e-9) }
        }
        if inside(all).count <= count { return (ends.0, ends.1, inside(all)) }
        let stride = max(1, (decades.count + count) / (count + 1))
        let powers = decades.filter { $0.isMultiple(of: stride) }.map { pow(10, Double($0)) }
        return (ends.0, ends.1, inside(powers))
    }
}

extension Double {
    /// Whether a drawing can show it; figures near the end of the range would overflow in the arithmetic.
    var isDrawable: Bool { isFinite && abs(self) <= 1e300 }
}
