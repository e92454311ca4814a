import CLlama
import Foundation
package import SpecSearch

/// Frees a model once neither it nor its vocabulary is held any more.
final class ModelHandle {
    let pointer: OpaquePointer

    init(pointer: OpaquePointer) { self.pointer = pointer }

    deinit { llama_model_free(pointer) }
}

/// A loaded GGUF model; freed when the last context that uses it is gone.
///
/// `@unchecked Sendable`: the pointer is only read after loading, which llama.cpp allows from any thread.
package final class LlamaModel: @unchecked Sendable {  // only read after loading
    private let handle: ModelHandle
    var pointer: OpaquePointer { handle.pointer }
    /// The file it came from.
    package let path: String
    /// The model's tokens.
    package let vocabulary: Vocabulary

    /// Loads a model.
    ///
    /// - Parameters:
    ///   - path: The GGUF file, or the first of several parts.
    ///   - placement: Where its layers are computed.
    ///   - checksWeights: Whether every weight is looked at: that reads the whole file.
    ///   - progress: Called with 0 ... 1 while loading.
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    package init(
        path: String, placement: PlacementPlan.Assignment = .processor, checksWeights: Bool = false,
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws(SpecSearchError) {
        guard let header = try GGUFFile.parts(of: path).first, !header.isAdapter else {
            throw SpecSearchError(
                .badModelFile, "\(path) is an adapter, which changes a model and is none.",
                remedy: "Name its base model here, and the adapter with --adapter or among the manifest's adapters.")
        }
        LlamaLibrary.start()
        var parameters = llama_model_default_params()
        parameters.check_tensors = checksWeights
        parameters.n_gpu_layers = Int32(clamping: placement.gpuLayers)
        let reporter = progress.map { Unmanaged.passRetained(ProgressReporter($0)) }
        defer { reporter?.release() }
        if let reporter {
            parameters.progress_callback = { value, context in
                if let context {
                    Unmanaged<ProgressReporter>.fromOpaque(context).takeUnretainedValue().report(Double(value))
                }
                return true
            }
            parameters.progress_callback_user_data = reporter.toOpaque()
        }
        // An empty list is not nil: without one llama.cpp would send large batches of a model on the processor to a GPU.
        var devices = ComputeDevice.handles(named: placement.devices).map(Optional.some) + [nil]
        // llama.cpp reads as many shares as there can be devices.
        var shares = placement.shares.map { Float($0) }
        shares += [Float](repeating: 0, count: max(0, llama_max_devices() - shares.count))
        let loaded = devices.withUnsafeMutableBufferPointer { devices in
            shares.withUnsafeBufferPointer { shares in
                parameters.devices = devices.baseAddress
                parameters.tensor_split = shares.baseAddress
                return llama_model_load_from_file(path, parameters)
            }
        }
        guard let pointer = loaded else {
            let complaints = LlamaLibrary.takeComplaints()
            if checksWeights, complaints.contains("invalid data") {
                throw SpecSearchError(
                    .badModelFile, "The model \(path) has weights that are no finite numbers: \(complaints).",
                    remedy: "Fetch it, or convert it, again.")
            }
            let place = placement.devices.isEmpty ? "" : " onto \(placement.devices.joined(separator: ", "))"
            throw SpecSearchError(
                .badModelFile,
                "llama.cpp could not load the model \(path)\(place): \(complaints).",
                remedy: "Check that the file is a complete GGUF language model, or export it again"
                    + (placement.devices.isEmpty ? "." : "; with --gpu-layers 0 no GPU is used."))
        }
        guard llama_model_has_decoder(pointer), !llama_model_has_encoder(pointer),
            let vocabularyPointer = llama_model_get_vocab(pointer), llama_vocab_n_tokens(vocabularyPointer) > 0
        else {
            llama_model_free(pointer)
            throw SpecSearchError(
                .badModelFile, "The model \(path) is not a decoder-only language model with a vocabulary.",
                remedy: "Use a causal language model.")
        }
        guard !llama_model_is_recurrent(pointer), !llama_model_is_hybrid(pointer), !llama_model_is_diffusion(pointer)
        else {
            llama_model_free(pointer)
            throw SpecSearchError(
                .badModelFile, "The model \(path) keeps a state that cannot be forked and rolled back token by token.",
                remedy: "Use a transformer with attention in every layer.")
        }
        handle = ModelHandle(pointer: pointer)
        self.path = path
        vocabulary = Vocabulary(pointer: vocabularyPointer, handle: handle)
    }

    /// The longest text, in tokens, that the model was trained on.
    package var trainedContextLength: Int { Int(llama_model_n_ctx_train(pointer)) }

    /// How many parameters it has.
    package var parameterCount: Int { Int(llama_model_n_params(pointer)) }

    /// The chat template in the file, if it has one.
    package var chatTemplate: String? {
        llama_model_chat_template(pointer, nil).map { String(cString: $0) }
    }
}

/// Carries a progress closure through C.
private final class ProgressReporter: Sendable {
    let report: @Sendable (Double) -> Void
    init(_ report: @escaping @Sendable (Double) -> Void) { self.report = report }
}
