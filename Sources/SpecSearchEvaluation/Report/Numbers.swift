extension Double {
    /// The number with this many digits after the point.
    package func fixed(_ digits: Int) -> String { FigureText.fixed(self, digits) }

    /// The number with this many digits after the point, and with its sign.
    package func signed(_ digits: Int) -> String { (self >= 0 ? "+" : "") + fixed(digits) }

    /// The share in percent.
    package var percent: String { "\((100 * self).fixed(1)) %" }
}

extension Int {
    /// The number with a comma at every thousand.
    package var grouped: String { FigureText.fixed(Double(self), 0) }
}
