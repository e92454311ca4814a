internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// Where people read: progress on standard error, drawn if that is a terminal, and else a line now and then; colours only on
/// a terminal, and never against NO_COLOR.
struct Terminal: Sendable {
    /// Whether standard output is a terminal.
    let isInteractive: Bool
    /// Whether progress is drawn.
    let showsProgress: Bool
    /// Whether people asked to be told nothing but results.
    let isQuiet: Bool
    private let hasColour: Bool
    private let pace = ProgressPace()
    /// Columns.
    let width: Int
    /// Lines.
    let height: Int

    /// When text is coloured.
    enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    init(quiet: Bool = false, color: Color = .auto) {
        isQuiet = quiet
        isInteractive = isatty(STDOUT_FILENO) == 1
        showsProgress = isatty(STDERR_FILENO) == 1 && !quiet
        let environment = ProcessInfo.processInfo.environment
        hasColour =
            switch color {
            case .always: true
            case .never: false
            case .auto: isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
            }
        var size = winsize()
        let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = known ? Int(size.ws_col) : Int(environment["COLUMNS"] ?? "", in: 20...10_000) ?? 80
        height = known && size.ws_row > 1 ? Int(size.ws_row) : 24
    }

    /// Replaces the progress line; in a pipe, a line of its own now and then.
    func progress(_ text: String) {
        guard showsProgress else {
            if !isQuiet, pace.isDue() { Self.say(text) }
            return
        }
        Self.write("\r\u{1B}[2K\(text.printable.fitted(max(width - 1, 20)))")
    }

    /// A phase of long work: the progress line, or in a pipe a line of its own.
    func phase(_ text: String) {
        if showsProgress { progress(text) } else if !isQuiet { Self.say(text) }
    }

    /// Removes the progress line.
    func endProgress() {
        guard showsProgress else { return }
        Self.write("\r\u{1B}[2K")
    }

    /// A message for people.
    static func say(_ text: String) { write(text.printable + "\n") }

    static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}

extension ArgumentHelp {
    /// The help of `--color`.
    static let color: ArgumentHelp = "Colours: auto, on a terminal unless NO_COLOR is set; always; never."
}
