import CLlama
import Foundation
package import SpecSearch

/// The tokens of one model: text to ids, ids to bytes.
///
/// `@unchecked Sendable`: the pointer is only read, and the handle keeps what it points to.
package final class Vocabulary: @unchecked Sendable {  // only read after loading
    private let pointer: OpaquePointer
    /// Keeps the model that the pointer belongs to.
    private let handle: ModelHandle
    /// How many ids there are, padding included; a row of logits is as long.
    package let count: Int
    /// The ids that end a text.
    package let endTokens: Set<Token>
    /// The id that begins a text, where the model asks for one.
    package let beginToken: Token?
    /// The id that begins a text, whether the model asks for it or its template does.
    package let bosToken: Token?
    /// The bytes of each id, one after the other; control tokens have none.
    private let pieces: [UInt8]
    /// Where each id's bytes begin in `pieces`; one longer than `count`.
    private let offsets: [Int32]
    /// The texts of the control tokens, which must not be read out of a user's text.
    private let controlTexts: [String]

    init(pointer: OpaquePointer, handle: ModelHandle) {
        self.pointer = pointer
        self.handle = handle
        let count = Int(llama_vocab_n_tokens(pointer))
        self.count = count
        var endTokens = Set<Token>()
        var pieces: [UInt8] = []
        var offsets: [Int32] = [0]
        var controlTexts: [String] = []
        offsets.reserveCapacity(count + 1)
        var buffer = [CChar](repeating: 0, count: 64)
        for token in 0..<Int32(count) {
            if llama_vocab_is_eog(pointer, token) { endTokens.insert(token) }
            if llama_vocab_is_control(pointer, token) {
                if let text = llama_vocab_get_text(pointer, token) { controlTexts.append(String(cString: text)) }
            } else {
                var length = llama_token_to_piece(pointer, token, &buffer, Int32(buffer.count), 0, false)
                if length < 0 {
                    buffer = [CChar](repeating: 0, count: Int(-length))
                    length = llama_token_to_piece(pointer, token, &buffer, Int32(buffer.count), 0, false)
                }
                if length > 0 { pieces.append(contentsOf: buffer[..<Int(length)].lazy.map { UInt8(bitPattern: $0) }) }
            }
            offsets.append(Int32(pieces.count))
        }
        self.endTokens = endTokens
        self.pieces = pieces
        self.offsets = offsets
        self.controlTexts = controlTexts.filter { !$0.isEmpty }
        let begin = llama_vocab_bos(pointer)
        bosToken = begin >= 0 && Int(begin) < count ? begin : nil
        beginToken = llama_vocab_get_add_bos(pointer) ? bosToken : nil
    }

    /// The bytes that a token stands for; empty for control tokens and for ids out of range.
    ///
    /// They may be part of a character.
    package func bytes(of token: Token) -> ArraySlice<UInt8> {
        guard token >= 0, Int(token) < count else { return [] }
        return pieces[Int(offsets[Int(token)])..<Int(offsets[Int(token) + 1])]
    }

    /// The text of tokens; characters that span tokens are whole, and cut ones become U+FFFD.
    package func text(of tokens: some Sequence<Token>) -> String {
        var bytes: [UInt8] = []
        for token in tokens { bytes.append(contentsOf: self.bytes(of: token)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The ids of a text, without anything added before or after it.
    ///
    /// - Parameter parsesControls: Whether the text of a control token becomes that token.
    package func tokenize(_ text: String, parsesControls: Bool = false) -> [Token] {
        guard !text.isEmpty else { return [] }
        var text = text
        return text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { characters in
                var tokens = [Token](repeating: 0, count: characters.count + 8)
                var count = llama_tokenize(
                    pointer, characters.baseAddress, Int32(characters.count), &tokens, Int32(tokens.count), false,
                    parsesControls)
                if count < 0 {
                    tokens = [Token](repeating: 0, count: Int(-count))
                    count = llama_tokenize(
                        pointer, characters.baseAddress, Int32(characters.count), &tokens, Int32(tokens.count), false,
                        parsesControls)
                }
                return Array(tokens.prefix(Int(max(0, count))))
            }
        }
    }

    /// The ids of a text that continues another: without the blank that some tokenizers put before a text.
    package func tokenize(continuing text: String) -> [Token] {
        let tokens = tokenize(text)
        guard let first = tokens.first, bytes(of: first).first == UInt8(ascii: " "), !text.hasPrefix(" ") else {
            return tokens
        }
        // Behind a line's end, which is a token of its own.
        let anchored = tokenize("\n" + text)
        var left = text.utf8.count
        var place = anchored.count
        while left > 0, place > 0 {
            place -= 1
            left -= bytes(of: anchored[place]).count
        }
        return left == 0 ? Array(anchored[place...]) : tokens
    }

    /// The id that a finished text ends with.
    package var endToken: Token? {
        let end = llama_vocab_eos(pointer)
        return endTokens.contains(end) ? end : endTokens.min()
    }

    /// Whether the text of a control token stands in `text`.
    package func containsControl(_ text: String) -> Bool {
        controlTexts.contains { text.contains($0) }
    }

    /// From the first to the last of the control tokens' texts that stand in `text`; nil for none.
    func controlRange(in text: String) -> Range<String.Index>? {
        let found = controlTexts.filter(text.contains)
        guard let first = found.compactMap({ text.range(of: $0)?.lowerBound }).min(),
            let last = found.compactMap({ text.range(of: $0, options: .backwards)?.upperBound }).max()
        else { return nil }
        return first..<last
    }

    /// Whether a token ends a text.
    package func isEnd(_ token: Token) -> Bool { endTokens.contains(token) }

    /// llama.cpp's state of a grammar over this vocabulary, which the caller frees; nil for one that cannot be read.
    func makeGrammar(_ grammar: Grammar) -> UnsafeMutablePointer<llama_sampler>? {
        llama_sampler_init_grammar(pointer, grammar.rules, "root")
    }

    /// The raw entry of the vocabulary, for comparing two of them.
    func entry(_ token: Token) -> String {
        llama_vocab_get_text(pointer, token).map { String(cString: $0) } ?? ""
    }

    /// Checks that two models can exchange token ids, and answers how many ids they share: sizes may differ by padding.
    ///
    /// - Throws: ``SpecSearchError`` `mismatch`, naming both files and the first difference.
    package static func commonCount(_ first: LlamaModel, _ second: LlamaModel) throws(SpecSearchError) -> Int {
        let a = first.vocabulary
        let b = second.vocabulary
        func mismatch(_ what: String) -> SpecSearchError {
            SpecSearchError(
                .mismatch, "The models \(first.path) and \(second.path) do not share a vocabulary: \(what).",
                remedy: "Use models of one family, with the same tokenizer.")
        }
        let common = min(a.count, b.count)
        guard llama_vocab_type(a.pointer) == llama_vocab_type(b.pointer) else { throw mismatch("their kinds differ") }
        guard max(a.count, b.count) - common <= max(1024, common / 100) else {
            throw mismatch("they have \(a.count) and \(b.count) tokens")
        }
        for token in 0..<Int32(common) where a.entry(token) != b.entry(token) {
            // Padding entries have names of the converter's making.
            if a.isPadding(token) || b.isPadding(token) { continue }
            throw mismatch("token \(token) is \"\(a.entry(token))\" and \"\(b.entry(token))\"")
        }
        // What only one of them has must be padding: another model could not read it.
        let longer = a.count > b.count ? a : b
        if let token = (Int32(common)..<Int32(longer.count)).first(where: { !longer.isPadding($0) }) {
            throw mismatch("only one of them has the token \(token), \"\(longer.entry(token))\"")
        }
        guard a.beginToken == b.beginToken else { throw mismatch("their beginning-of-text tokens differ") }
        guard a.endTokens.filter({ $0 < common }) == b.endTokens.filter({ $0 < common }) else {
            throw mismatch("their end-of-text tokens differ")
        }
        return common
    }

    private func isPadding(_ token: Token) -> Bool {
        llama_vocab_get_attr(pointer, token).rawValue & LLAMA_TOKEN_ATTR_UNUSED.rawValue != 0
            || ["[PAD", "<pad", "<unused", "<|unused", "[unused"].contains { entry(token).hasPrefix($0) }
    }
}
