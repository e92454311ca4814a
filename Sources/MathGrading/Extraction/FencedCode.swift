/// The code blocks of a Markdown text: what stands between lines that begin with three backticks.
///
/// A fence with a language always opens a block, as CommonMark has it.
package struct FencedCode {
    package struct Block {
        /// The lines between the fences.
        package let code: String
        /// Whether the closing fence is there.
        package let isClosed: Bool
    }

    /// The blocks in their order; one without its closing fence goes to the end.
    package let blocks: [Block]

    /// Reads a text, in O(length).
    package init(_ text: String) {
        var blocks: [Block] = []
        var open: [Substring]?
        for line in text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop(while: \.isWhitespace)
            if text.hasPrefix("```") {
                let hasLanguage = !text.drop { $0 == "`" }.allSatisfy(\.isWhitespace)
                if let lines = open { blocks.append(Block(code: lines.joined(separator: "\n"), isClosed: true)) }
                open = open == nil || hasLanguage ? [] : nil
            } else {
                open?.append(line)
            }
        }
        if let lines = open { blocks.append(Block(code: lines.joined(separator: "\n"), isClosed: false)) }
        self.blocks = blocks
    }

    /// The last closed block with something in it.
    var answer: String? {
        blocks.last { $0.isClosed && !$0.code.allSatisfy(\.isWhitespace) }?.code
    }
}
