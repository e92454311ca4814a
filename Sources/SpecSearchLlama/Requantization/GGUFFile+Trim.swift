import CLlama
import Foundation
import SpecSearch

extension GGUFFile {
    /// What is set in files that this writes.
    static let trimmedKey = "specsearch.trimmed_vocabulary"
    /// The tensors with a row for each token.
    private static let tokenTensors = ["token_embd.weight", "output.weight"]

    /// What of the vocabulary a draft needs; nil where it is none of byte pairs, or little would go.
    ///
    /// - Parameter needed: Tokens that stay in any case.
    func trimmed(to limit: Int, keeping needed: [Token] = []) -> TrimmedVocabulary? {
        guard string("tokenizer.ggml.model") == "gpt2", integer("split.count") ?? 1 <= 1 else { return nil }
        let count = count("tokenizer.ggml.tokens")
        // Rows that could not be chosen: of other tensors, and of vocabularies that the tensors do not have.
        for tensor in 0..<gguf_get_n_tensors(pointer) {
            let isKnown = Self.tokenTensors.contains(name(of: tensor))
            let shape = shape(of: tensor)
            guard isKnown ? shape[1] == count && shape[2] * shape[3] == 1 : !shape.contains(count) else { return nil }
        }
        return TrimmedVocabulary(
            tokens: texts("tokenizer.ggml.tokens"), kinds: integers("tokenizer.ggml.token_type").map(Int32.init),
            merges: texts("tokenizer.ggml.merges"), needed: Set(needed.map(Int.init)), limit: limit)
    }

    /// Writes the model with a part of its vocabulary only; the rows of embeddings and output are copied as they are.
    ///
    /// - Parameter file: Where; what stands there is replaced.
    /// - Throws: ``SpecSearchError`` `ioFailed`, `CancellationError`; no file is left then.
    func write(_ vocabulary: TrimmedVocabulary, to file: String) throws {
        let made = trimmedHeader(vocabulary)
        defer { gguf_free(made) }
        do {
            guard gguf_write_to_file(made, file, true), let output = FileHandle(forWritingAtPath: file),
                let input = FileHandle(forReadingAtPath: path)
            else { throw CocoaError(.fileWriteUnknown) }
            defer {
                try? output.close()
                try? input.close()
            }
            try output.seekToEnd()
            for tensor in 0..<gguf_get_n_tensors(made) {
                try Task.checkCancellation()
                try copy(tensor, vocabulary, from: input, to: output)
                let padding = gguf_get_alignment(made)
                let rest = gguf_get_tensor_size(made, tensor) % padding
                if rest > 0 { try output.write(contentsOf: Data(count: padding - rest)) }
            }
        } catch {
            unlink(file)
            if error is CancellationError { throw error }
            throw SpecSearchError(
                .ioFailed, "The model \(path) could not be written with fewer tokens to \(file): \(error.inWords).",
                remedy: "Look whether there is room in \((file as NSString).deletingLastPathComponent).")
        }
    }

    /// The header of the model with a part of its vocabulary; the caller frees it.
    private func trimmedHeader(_ vocabulary: TrimmedVocabulary) -> OpaquePointer? {
        let made = gguf_init_empty()
        gguf_set_kv(made, pointer)
        gguf_set_val_bool(made, Self.trimmedKey, true)
        let tokens = texts("tokenizer.ggml.tokens")
        let merges = texts("tokenizer.ggml.merges")
        Self.set(made, "tokenizer.ggml.tokens", vocabulary.kept.map { tokens[$0] })
        Self.set(made, "tokenizer.ggml.merges", vocabulary.merges.map { merges[$0] })
        let kinds = integers("tokenizer.ggml.token_type")
        gguf_set_arr_data(
            made, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, vocabulary.kept.map { Int32(kinds[$0]) },
            vocabulary.kept.count)
        // Byte pairs need none; and ggml writes with its own alignment, whatever the key says.
        for key in ["tokenizer.ggml.scores", "general.alignment"] { gguf_remove_key(made, key) }
        for id in 0..<gguf_get_n_kv(pointer) {
            guard let key = gguf_get_key(pointer, id).map({ String(cString: $0) }) else { continue }
            if key.hasSuffix(".vocab_size") { gguf_set_val_u32(made, key, UInt32(vocabulary.kept.count)) }
            guard key.hasPrefix("tokenizer.ggml."), key.hasSuffix("_token_id") else { continue }
            if let new = integer(key).flatMap(vocabulary.newID(of:)) {
                gguf_set_val_u32(made, key, UInt32(new))
            } else {
                gguf_remove_key(made, key)
            }
        }
        let count = Int(gguf_get_n_tensors(pointer))
        let context = ggml_init(
            ggml_init_params(mem_size: (count + 1) * ggml_tensor_overhead(), mem_buffer: nil, no_alloc: true))
        defer { ggml_free(context) }
        for tensor in 0..<Int64(count) {
            var shape = shape(of: tensor).map(Int64.init)
            let name = name(of: tensor)
            if Self.tokenTensors.contains(name) { shape[1] = Int64(vocabulary.kept.count) }
            let dimensions = Int32((shape.lastIndex { $0 > 1 } ?? 0) + 1)
            let new = ggml_new_tensor(context, gguf_get_tensor_type(pointer, tensor), dimensions, &shape)
            ggml_set_name(new, name)
            gguf_add_tensor(made, new)
        }
        return made
    }

    /// Copies a tensor's bytes, of those with a row for each token only the rows that stay.
    private func copy(
        _ tensor: Int64, _ vocabulary: TrimmedVocabulary, from input: FileHandle, to output: FileHandle
    ) throws {
        let begin = gguf_get_data_offset(pointer) + gguf_get_tensor_offset(pointer, tensor)
        let size = gguf_get_tensor_size(pointer, tensor)
        guard Self.tokenTensors.contains(name(of: tensor)) else {
            return try copy(begin..<begin + size, from: input, to: output)
        }
        let row = size / shape(of: tensor)[1]
        // Neighbours in one go: most of what stays is one stretch.
        var place = vocabulary.kept.startIndex
        while place < vocabulary.kept.endIndex {
            let first = vocabulary.kept[place]
            let begun = place
            while place < vocabulary.kept.endIndex, vocabulary.kept[place] == first + place - begun { place += 1 }
            let start = begin + first * row
            try copy(start..<start + (place - begun) * row, from: input, to: output)
        }
    }

    private func copy(_ range: Range<Int>, from input: FileHandle, to output: FileHandle) throws {
        try input.seek(toOffset: UInt64(range.lowerBound))
        var left = range.count
        while left > 0 {
            guard let part = try input.read(upToCount: min(left, 8 << 20)), !part.isEmpty else {
                throw CocoaError(.fileReadCorruptFile)
            }
            try output.write(contentsOf: part)
            left -= part.count
        }
    }

    private static func set(_ file: OpaquePointer?, _ key: String, _ texts: [String]) {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var pointers = copies.map { UnsafePointer($0) }
        gguf_set_arr_str(file, key, &pointers, pointers.count)
    }
}
