import Foundation
package import SpecSearch

/// A safetensors file: a JSON header and rows of numbers.
package struct Safetensors {
    private struct Entry: Decodable {
        var dtype: String
        var shape: [Int]
        var offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }
    private let path: String
    private let entries: [String: Entry]
    private let data: Data
    private let start: Int

    /// The tensors that it has.
    package var names: Set<String> { Set(entries.keys) }

    /// Reads the header.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    package init(path: String) throws(SpecSearchError) {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
            throw SpecSearchError(
                .badModelFile, "The file \(path) cannot be read.",
                remedy: "Make it with Scripts/extract-head.py from the original checkpoint.")
        }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard data.count > 8, length <= UInt64(data.count - 8) else {
            throw SpecSearchError(
                .badModelFile, "\(path) is not a whole safetensors file.", remedy: "Fetch or make it again.")
        }
        start = 8 + Int(length)
        do {
            let header = try JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any] ?? [:]
            let tensors = header.filter { $0.key != "__metadata__" }
            entries = try JSONDecoder().decode(
                [String: Entry].self, from: try JSONSerialization.data(withJSONObject: tensors))
        } catch {
            throw SpecSearchError(
                .badModelFile, "The header of \(path) is not understood: \(error.inWords).",
                remedy: "Fetch or make it again.")
        }
        self.path = path
        self.data = data
    }

    /// The numbers of a tensor, row by row.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming file and tensor.
    package func tensor(_ name: String) throws(SpecSearchError) -> (shape: [Int], values: [Float]) {
        guard let entry = entries[name] else {
            throw SpecSearchError(
                .badModelFile,
                "\(path) has no tensor \(name), but \(entries.keys.sorted().prefix(8).joined(separator: ", ")).",
                remedy: "Name the head's layers as the checkpoint does.")
        }
        let size = ["F32": 4, "F16": 2, "BF16": 2][entry.dtype] ?? 0
        // No more numbers than the file has bytes: then no product and no difference overflows.
        let room = data.count - start
        let count = entry.shape.reduce(Optional(1)) { count, length in
            guard let count, length > 0 else { return length == 0 ? 0 : nil }
            return count <= room / length ? count * length : nil
        }
        guard size > 0, let count, entry.offsets.count == 2, entry.offsets[0] >= 0,
            (entry.offsets[0]...room).contains(entry.offsets[1]), entry.offsets[1] - entry.offsets[0] == count * size
        else {
            throw SpecSearchError(
                .badModelFile, "The tensor \(name) of \(path) is damaged, or of the kind \(entry.dtype).",
                remedy: "Use F32, F16 or BF16.")
        }
        let bytes = [UInt8](data[(start + entry.offsets[0])..<(start + entry.offsets[1])])
        let values = (0..<count).map { index -> Float in
            let place = index * size
            let low = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
            switch entry.dtype {
            case "F32":
                let high = UInt16(bytes[place + 2]) | UInt16(bytes[place + 3]) << 8
                return Float(bitPattern: UInt32(low) | UInt32(high) << 16)
            case "BF16": return Float(bitPattern: UInt32(low) << 16)
            default: return Self.half(low)
            }
        }
        return (entry.shape, values)
    }

    /// A number of half precision; Swift's Float16 is not on every platform.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF) / 1024
        switch exponent {
        case 0: return sign * fraction * 0x1p-14
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }
}
