import CLlama
import SpecSearch

/// A device that llama.cpp can compute on, as this program was built: `specsearch devices`.
///
/// ```swift
/// for device in ComputeDevice.all { print(device.name, device.kind, device.freeMemory) }
/// ```
public struct ComputeDevice: Sendable, Hashable, Codable {
    /// What a device is.
    public enum Kind: String, Sendable, Hashable, Codable {
        case cpu
        /// With memory of its own.
        case gpu
        /// With the processor's memory.
        case integratedGPU
        /// Helps the processor with single operations, such as BLAS; layers cannot be placed on it.
        case accelerator
    }

    /// The name by which it is chosen, such as `CUDA0`.
    public var name: String
    public var kind: Kind
    /// The maker's name of it.
    public var description: String
    /// The free memory in bytes; 0 where the device does not say.
    public var freeMemory: Int
    /// The memory in bytes; 0 where the device does not say.
    public var totalMemory: Int

    /// A device that is there, or is imagined in a test.
    public init(name: String, kind: Kind, description: String = "", freeMemory: Int, totalMemory: Int) {
        self.name = name
        self.kind = kind
        self.description = description
        self.freeMemory = freeMemory
        self.totalMemory = totalMemory
    }

    /// All devices, with their memory as it is now.
    public static var all: [ComputeDevice] { handles.map { ComputeDevice($0) } }

    /// The devices that layers are placed on unless some are named: the GPUs, or else the integrated ones.
    static func usual(of devices: [ComputeDevice]) -> [ComputeDevice] {
        let gpus = devices.filter { $0.kind == .gpu }
        return gpus.isEmpty ? devices.filter { $0.kind == .integratedGPU } : gpus
    }

    /// Whether layers can be placed on it.
    public var takesLayers: Bool { kind == .gpu || kind == .integratedGPU }

    /// llama.cpp's handles of the devices of these names, in this order.
    static func handles(named names: [String]) -> [OpaquePointer] {
        names.compactMap { name in handles.first { ComputeDevice($0).name == name } }
    }

    private static var handles: [OpaquePointer] {
        LlamaLibrary.start()
        return (0..<ggml_backend_dev_count()).compactMap { ggml_backend_dev_get($0) }
    }

    private init(_ handle: OpaquePointer) {
        var free = 0
        var total = 0
        ggml_backend_dev_memory(handle, &free, &total)
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        let kind: Kind =
            switch ggml_backend_dev_type(handle) {
            case GGML_BACKEND_DEVICE_TYPE_GPU: .gpu
            case GGML_BACKEND_DEVICE_TYPE_IGPU: .integratedGPU
            case GGML_BACKEND_DEVICE_TYPE_CPU: .cpu
            default: .accelerator
            }
        self.init(
            name: text(ggml_backend_dev_name(handle)), kind: kind,
            description: text(ggml_backend_dev_description(handle)), freeMemory: free, totalMemory: total)
    }
}
