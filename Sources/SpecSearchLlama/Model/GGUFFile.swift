import CLlama
import Foundation
package import SpecSearch

/// The header of a GGUF file, its metadata and list of tensors, read by ggml without the weights.
package final class GGUFFile {
    /// Where the file is.
    package let path: String
    let pointer: OpaquePointer

    /// Reads a header, in time that grows with the vocabulary: some 30 ms for 150,000 tokens.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    package init(path: String) throws(SpecSearchError) {
        try GGUFHeader.check(path: path)
        LlamaLibrary.start()
        guard let pointer = gguf_init_from_file(path, gguf_init_params(no_alloc: true, ctx: nil)) else {
            throw SpecSearchError(
                .badModelFile, "llama.cpp could not load the header of \(path): \(LlamaLibrary.takeComplaints()).",
                remedy: "Check that the file is a complete GGUF language model, or export it again.")
        }
        self.pointer = pointer
        self.path = path
    }

    deinit { gguf_free(pointer) }

    // MARK: Metadata

    /// A text of the metadata; nil where there is none.
    package func string(_ key: String) -> String? {
        let id = gguf_find_key(pointer, key)
        guard id >= 0, gguf_get_kv_type(pointer, id) == GGUF_TYPE_STRING else { return nil }
        return gguf_get_val_str(pointer, id).map { String(cString: $0) }
    }

    /// A whole number of the metadata, or several; empty where there are none.
    package func integers(_ key: String) -> [Int] {
        let id = gguf_find_key(pointer, key)
        guard id >= 0 else { return [] }
        switch gguf_get_kv_type(pointer, id) {
        case GGUF_TYPE_UINT8: return [Int(gguf_get_val_u8(pointer, id))]
        case GGUF_TYPE_UINT16: return [Int(gguf_get_val_u16(pointer, id))]
        case GGUF_TYPE_UINT32: return [Int(gguf_get_val_u32(pointer, id))]
        case GGUF_TYPE_INT32: return [Int(gguf_get_val_i32(pointer, id))]
        case GGUF_TYPE_UINT64: return [Int(clamping: gguf_get_val_u64(pointer, id))]
        case GGUF_TYPE_ARRAY:
            switch gguf_get_arr_type(pointer, id) {
            case GGUF_TYPE_UINT32, GGUF_TYPE_INT32:
                // Not before the type is known: ggml ends the program where the data of texts are asked for.
                guard let data = gguf_get_arr_data(pointer, id) else { return [] }
                let count = gguf_get_arr_n(pointer, id)
                return UnsafeBufferPointer(start: data.assumingMemoryBound(to: Int32.self), count: count).map(Int.init)
            default: return []
            }
        default: return []
        }
    }

    /// The first of ``integers(_:)``.
    package func integer(_ key: String) -> Int? { integers(key).first }

    /// The architecture, such as `llama`; empty where the file does not say.
    package var architecture: String { string("general.architecture") ?? "" }

    /// Whether the file is an adapter, and no model of its own.
    package var isAdapter: Bool { string("general.type") == "adapter" }

    /// How many entries an array of texts has, such as the vocabulary.
    package func count(_ key: String) -> Int {
        let id = gguf_find_key(pointer, key)
        guard id >= 0, gguf_get_kv_type(pointer, id) == GGUF_TYPE_ARRAY else { return 0 }
        return gguf_get_arr_n(pointer, id)
    }

    /// An array of texts, such as the vocabulary; empty where there is none.
    func texts(_ key: String) -> [String] {
        let id = gguf_find_key(pointer, key)
        guard id >= 0, gguf_get_kv_type(pointer, id) == GGUF_TYPE_ARRAY,
            gguf_get_arr_type(pointer, id) == GGUF_TYPE_STRING
        else { return [] }
        return (0..<gguf_get_arr_n(pointer, id)).map { place in
            gguf_get_arr_str(pointer, id, place).map { String(cString: $0) } ?? ""
        }
    }

    // MARK: Tensors

    func name(of tensor: Int64) -> String { gguf_get_tensor_name(pointer, tensor).map { String(cString: $0) } ?? "" }

    /// A tensor's four dimensions, the one that is contiguous first; 1 for those that it has not.
    func shape(of tensor: Int64) -> [Int] {
        (0..<4).map { Int(gguf_get_tensor_ne(pointer, tensor)?[$0] ?? 1) }
    }

    /// The tensors' names with their sizes in bytes.
    package var tensors: [(name: String, bytes: Int)] {
        (0..<gguf_get_n_tensors(pointer)).compactMap { id in
            gguf_get_tensor_name(pointer, id).map { (String(cString: $0), gguf_get_tensor_size(pointer, id)) }
        }
    }

    // MARK: Parts

    /// The headers of all files of a model: of the file alone, or of all parts of one that is split
    /// (`NAME-00001-of-00003.gguf`), of which the first is named.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile` where a later part is named, or one is missing.
    package static func parts(of path: String) throws(SpecSearchError) -> [GGUFFile] {
        let file = try GGUFFile(path: path)
        guard let count = file.integer("split.count"), count > 1 else { return [file] }
        let number = file.integer("split.no") ?? 0
        guard let stem = stem(of: path, number: number, count: count) else {
            throw SpecSearchError(
                .badModelFile, "\(path) is part \(number + 1) of \(count) of a model, and its name does not say so.",
                remedy: "Give the parts the names that they had, such as \(name("model", number, count)): llama.cpp "
                    + "finds one by another's name.")
        }
        guard number == 0 else {
            throw SpecSearchError(
                .badModelFile, "\(path) is part \(number + 1) of \(count) of a model.",
                remedy: "Name the first part, \(name(stem, 0, count)); the others are found beside it.")
        }
        var files = [file]
        for index in 1..<count {
            let part = name(stem, index, count)
            guard FileManager.default.fileExists(atPath: part) else {
                throw SpecSearchError(
                    .badModelFile, "The model \(path) has \(count) parts, and \(part) is missing.",
                    remedy: "Fetch it into the same folder: all parts are needed.")
            }
            files.append(try GGUFFile(path: part))
        }
        return files
    }

    /// The paths of all files of a model, the first named; only the path itself where it cannot be read.
    package static func paths(of path: String) -> [String] {
        // The first part's name says so, and most files need not be opened.
        path.contains("-00001-of-") ? (try? parts(of: path).map(\.path)) ?? [path] : [path]
    }

    /// What precedes the number in a part's path; nil where the name does not say which part it is.
    private static func stem(of path: String, number: Int, count: Int) -> String? {
        var buffer = [CChar](repeating: 0, count: path.utf8.count + 1)
        let length = llama_split_prefix(&buffer, buffer.count, path, Int32(clamping: number), Int32(clamping: count))
        return length > 0
            ? String(decoding: buffer.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private static func name(_ stem: String, _ number: Int, _ count: Int) -> String {
        var buffer = [CChar](repeating: 0, count: stem.utf8.count + 64)
        let length = llama_split_path(&buffer, buffer.count, stem, Int32(clamping: number), Int32(clamping: count))
        return String(decoding: buffer.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
