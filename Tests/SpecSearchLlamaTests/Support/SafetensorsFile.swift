import Foundation

/// Writes a safetensors file of F32, F16 or BF16 by hand.
func writeSafetensors(
    _ tensors: [(name: String, kind: String, shape: [Int], values: [Float])], to path: String
) throws {
    var data = Data()
    var header: [String: Any] = ["__metadata__": ["format": "pt"]]
    for tensor in tensors {
        let begin = data.count
        for value in tensor.values {
            switch tensor.kind {
            case "F32": withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            case "BF16":
                withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { data.append(contentsOf: $0) }
            default:
                let bits: [Float: UInt16] = [0: 0, 1: 0x3C00, -2: 0xC000, 0.5: 0x3800, 65504: 0x7BFF, 0x1p-24: 1]
                withUnsafeBytes(of: (bits[value] ?? 0x7E00).littleEndian) { data.append(contentsOf: $0) }
            }
        }
        header[tensor.name] = ["dtype": tensor.kind, "shape": tensor.shape, "data_offsets": [begin, data.count]]
    }
    let text = try JSONSerialization.data(withJSONObject: header)
    var file = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
    file.append(text)
    file.append(data)
    try file.write(to: URL(filePath: path))
}
