import CLlama
import Foundation

/// Takes the hidden states after the last norm out of a forward pass, and ends the pass there if nobody reads its logits.
///
/// The other way, a context for embeddings, makes every token an output: the last layer and the output matrix, which for
/// a vocabulary of 151,936 is a third of a model of 0.5B, are then computed for whole prompts. llama.cpp calls this for
/// each tensor of the graph instead (`cb_eval`), and stops computing at the one where it says so.
/// Not `Sendable`: it belongs to its context.
final class HiddenStateCapture {
    /// The length of a hidden state.
    let length: Int
    /// Whether the pass is to go on to the logits.
    var needsLogits = true
    /// Hidden states of the last pass: one for each token whose output was asked for, in the batch's order.
    private(set) var count = 0
    private var values: UnsafeMutableBufferPointer<Float>

    init(length: Int) {
        self.length = length
        values = .allocate(capacity: length)
    }

    deinit { values.deallocate() }

    /// Has the contexts made with `parameters` report to this object, which must outlive them.
    func observe(_ parameters: inout llama_context_params) {
        parameters.cb_eval = { tensor, isAsked, context in
            guard let tensor, let context else { return true }
            return Unmanaged<HiddenStateCapture>.fromOpaque(context).takeUnretainedValue().look(tensor, isAsked)
        }
        parameters.cb_eval_user_data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Forgets the hidden states of the pass before.
    func begin(needsLogits: Bool) {
        self.needsLogits = needsLogits
        count = 0
    }

    /// The hidden state of output `index`, valid until the next pass.
    func state(at index: Int) -> UnsafePointer<Float>? {
        index < count ? values.baseAddress.map { UnsafePointer($0 + index * length) } : nil
    }

    /// - Returns: Asked: whether the tensor is to be seen. Else: whether to go on.
    private func look(_ tensor: UnsafeMutablePointer<ggml_tensor>, _ isAsked: Bool) -> Bool {
        if isAsked {
            // The name that llama.cpp's decoders give what goes into their output matrix.
            return strcmp(ggml_get_name(tensor), "result_norm") == 0 && ggml_nelements(tensor) > 0
        }
        guard tensor.pointee.type == GGML_TYPE_F32, tensor.pointee.ne.0 == Int64(length) else { return true }
        let rows = Int(ggml_nrows(tensor))
        if values.count < (count + rows) * length {
            let larger = UnsafeMutableBufferPointer<Float>.allocate(capacity: (count + rows) * length)
            _ = larger.update(fromContentsOf: values[..<(count * length)])
            values.deallocate()
            values = larger
        }
        if let start = values.baseAddress {
            ggml_backend_tensor_get(tensor, start + count * length, 0, ggml_nbytes(tensor))
        }
        count += rows
        return needsLogits
    }
}
