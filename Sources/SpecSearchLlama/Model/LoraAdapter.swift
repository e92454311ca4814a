import CLlama
package import SpecSearch

/// A low-rank adapter (LoRA) over a model's weights: a context that has it computes with W + scale · alpha / rank · B · A.
///
/// `@unchecked Sendable`: the pointer is only read after loading. Load it before any context of the model is made:
/// llama.cpp counts a model's adapters when it sizes a context's graphs.
package final class LoraAdapter: @unchecked Sendable {  // only read after loading
    /// The file it came from.
    package let path: String
    let pointer: OpaquePointer
    /// The model, which must outlive the adapter.
    private let model: LlamaModel

    /// Loads an adapter over a model.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile` or `mismatch`, naming both files.
    package init(path: String, model: LlamaModel) throws(SpecSearchError) {
        try Self.check(path: path, architecture: model.architecture, model: model.path)
        LlamaLibrary.start()
        guard let pointer = llama_adapter_lora_init(model.pointer, path) else {
            throw SpecSearchError(
                .mismatch,
                "The adapter \(path) does not fit the model \(model.path): \(LlamaLibrary.takeComplaints()).",
                remedy: "Use the base model that it was trained on, of any quantisation, or convert it again from that."
            )
        }
        guard llama_adapter_get_alora_n_invocation_tokens(pointer) == 0 else {
            llama_adapter_lora_free(pointer)
            throw SpecSearchError(
                .unsupported, "The adapter \(path) is an activated LoRA, which works only from certain tokens on.",
                remedy: "Use a plain LoRA, or merge it into the model.")
        }
        self.path = path
        self.pointer = pointer
        self.model = model
    }

    deinit { llama_adapter_lora_free(pointer) }

    /// Checks that a file is an adapter for models of an architecture, for errors that people understand.
    static func check(path: String, architecture: String, model: String) throws(SpecSearchError) {
        let file = try GGUFFile(path: path)
        guard file.isAdapter, file.string("adapter.type") == "lora" else {
            throw SpecSearchError(
                .badModelFile, "\(path) is not a LoRA adapter\(file.isAdapter ? "" : ", but a model of its own").",
                remedy: "Convert the adapter with llama.cpp's convert_lora_to_gguf.py.")
        }
        guard file.architecture == architecture else {
            throw SpecSearchError(
                .mismatch,
                "The adapter \(path) is for models of the architecture \(file.architecture), and \(model) is "
                    + "\(architecture).",
                remedy: "Name the base model that the adapter was trained on.")
        }
    }
}

/// An adapter as a context uses it.
package struct AppliedAdapter: Sendable {
    package var adapter: LoraAdapter
    package var scale: Double

    package init(adapter: LoraAdapter, scale: Double) {
        self.adapter = adapter
        self.scale = scale
    }
}
