internal import Foundation

/// Where people read: progress on standard error, and only if that is a terminal; colours only on a terminal, and never
/// against NO_COLOR.
struct Terminal: Sendable {
    /// Whether standard output is a terminal.
    let isInteractive: Bool
    /// Whether progress is drawn.
    let showsProgress: Bool
    /// Whether people asked to be told nothing but results.
    let isQuiet: Bool
    private let hasColour: Bool
    /// Columns.
    let width: Int

    init(quiet: Bool = false) {
        isQuiet = quiet
        isInteractive = isatty(STDOUT_FILENO) == 1
        showsProgress = isatty(STDERR_FILENO) == 1 && !quiet
        let environment = ProcessInfo.processInfo.environment
        hasColour =
            isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        var size = winsize()
        let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = known ? Int(size.ws_col) : Int(environment["COLUMNS"] ?? "") ?? 80
    }

    /// Replaces the progress line.
    func progress(_ text: String) {
        guard showsProgress else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[2K\(text.prefix(max(width - 1, 20)))".utf8))
    }

    /// A phase of long work: the progress line, or in a pipe a line of its own.
    func phase(_ text: String) {
        if showsProgress { progress(text) } else if !isQuiet { Self.say(text) }
    }

    /// Removes the progress line.
    func endProgress() {
        guard showsProgress else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8))
    }

    /// A message for people.
    static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

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

extension String {
    /// The text with spaces after it up to a length.
    func padded(_ length: Int) -> String { self + String(repeating: " ", count: Swift.max(0, length - count)) }

    /// The text with spaces before it up to a length.
    func leftPadded(_ length: Int) -> String { String(repeating: " ", count: Swift.max(0, length - count)) + self }
}
