internal import Foundation

/// The standard normal distribution.
public enum NormalDistribution {
    /// P(Z ≤ z), accurate in the lower tail.
    public static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The z with P(Z ≤ z) = p; infinite at 0 and 1, NaN outside.
    ///
    /// Acklam's rational approximation (2003), then Halley steps to full precision.
    public static func quantile(_ p: Double) -> Double {
        guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
        // Only the lower tail is computed: above it 1 − p is exact, and the cumulative probability is not.
        if p > 0.5 { return -quantile(1 - p) }
        var z = initial(p)
        for _ in 0..<2 {
            let error = (cumulative(z) - p) / (exp(-z * z / 2) / (2 * Double.pi).squareRoot())
            z -= error / (1 + z * error / 2)
        }
        return z
    }

    private static func initial(_ p: Double) -> Double {
        func polynomial(_ coefficients: [Double], _ x: Double) -> Double { coefficients.reduce(0) { $0 * x + $1 } }
        if p < 0.02425 {
            let q = (-2 * log(p)).squareRoot()
            return polynomial(
                [
                    -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
                    4.374664141464968e+00, 2.938163982698783e+00,
                ], q)
                / polynomial(
                    [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1], q)
        }
        let q = p - 0.5
        return q
            * polynomial(
                [
                    -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
                    -3.066479806614716e+01, 2.506628277459239e+00,
                ], q * q)
            / polynomial(
                [
                    -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                    -1.328068155288572e+01, 1,
                ], q * q)
    }
}
