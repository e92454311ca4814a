/// Checks of names that come from users, catalogues and servers before they become paths.
enum Names {
    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
    }

    /// Whether a text is one plain name: letters, digits, `.`, `_`, `-`, and not hidden.
    static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.count <= 128 && text.first != "." && text.first != "-" && text.allSatisfy(isPlain)
    }

    /// Whether a text is `OWNER/NAME`.
    static func isRepository(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { isName($0) && !$0.contains("--") }
    }

    /// Whether a text is a full commit: 40 hexadecimal digits.
    static func isCommit(_ text: String) -> Bool { text.utf8.count == 40 && isHexadecimal(text) }

    /// Whether a text is a SHA-256 in hexadecimal digits.
    static func isSHA256(_ text: String) -> Bool { text.utf8.count == 64 && isHexadecimal(text) }

    private static func isHexadecimal(_ text: String) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// Whether a text may name bytes or a snapshot.
    static func isBlobName(_ text: String) -> Bool { isName(text) }

    /// Whether a text may name a branch or a tag.
    static func isRevision(_ text: String) -> Bool { isPath(text) }

    /// Whether a text is a path within a repository: no empty, `.` or `..` steps, no control characters.
    static func isPath(_ text: String) -> Bool {
        let steps = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.count <= 1024
            && steps.allSatisfy { step in
                !step.isEmpty && step != "." && step != ".."
                    && step.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0 != "\\" }
            }
    }
}
