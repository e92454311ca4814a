/// A text with `code` in backticks and `**strong**` words; what is not closed stands as it is.
struct InlineMarkup {
    enum Span: Equatable {
        case text(String)
        case code(String)
        case strong(String)
    }

    let spans: [Span]

    init(_ source: String) {
        var spans: [Span] = []
        var plain = ""
        var rest = source[...]
        func closed(by mark: String, in text: Substring) -> (inside: Substring, after: Substring)? {
            let body = text.dropFirst(mark.count)
            guard let end = body.firstRange(of: mark), end.lowerBound > body.startIndex else { return nil }
            return (body[..<end.lowerBound], body[end.upperBound...])
        }
        while let first = rest.first {
            let mark = first == "`" ? "`" : rest.hasPrefix("**") ? "**" : ""
            guard !mark.isEmpty, let (inside, after) = closed(by: mark, in: rest) else {
                plain += rest.prefix(max(mark.count, 1))
                rest = rest.dropFirst(max(mark.count, 1))
                continue
            }
            if !plain.isEmpty { spans.append(.text(plain)) }
            plain = ""
            spans.append(mark == "`" ? .code(String(inside)) : .strong(String(inside)))
            rest = after
        }
        if !plain.isEmpty { spans.append(.text(plain)) }
        self.spans = spans
    }

    var plain: String {
        spans.map { span in
            switch span {
            case .text(let text), .code(let text), .strong(let text): text
            }
        }.joined()
    }

    var html: String {
        spans.map { span in
            switch span {
            case .text(let text): FigureText.escaped(text)
            case .code(let text): "<code>\(FigureText.escaped(text))</code>"
            case .strong(let text): "<strong>\(FigureText.escaped(text))</strong>"
            }
        }.joined()
    }

    var markdown: String {
        spans.map { span in
            switch span {
            case .text(let text): MarkdownReport.escaped(text)
            case .code(let text): "`\(MarkdownReport.oneLine(text))`"
            case .strong(let text): "**\(MarkdownReport.escaped(text))**"
            }
        }.joined()
    }
}
