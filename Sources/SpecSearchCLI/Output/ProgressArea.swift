/// Some lines at the bottom of a terminal that are drawn again and again.
struct ProgressArea {
    private var drawn = 0

    /// Draws the lines in place of those before, each cut to the terminal's width.
    mutating func draw(_ lines: [String], _ terminal: Terminal) {
        guard terminal.showsProgress else { return }
        let shown = lines.suffix(max(terminal.height - 1, 1)).map { $0.fitted(max(terminal.width - 1, 20)) }
        Terminal.write(erasing + shown.joined(separator: "\n"))
        drawn = shown.count
    }

    /// Removes them.
    mutating func clear() {
        if drawn > 0 { Terminal.write(erasing) }
        drawn = 0
    }

    /// To the begin of the first line, and everything after it erased.
    private var erasing: String { "\r" + (drawn > 1 ? "\u{1B}[\(drawn - 1)A" : "") + "\u{1B}[J" }
}
