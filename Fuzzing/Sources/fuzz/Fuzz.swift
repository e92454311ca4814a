import CFuzzer
import Dispatch
import Foundation
import SpecSearchFuzzing

/// Runs libFuzzer on the target that FUZZ_TARGET names; the arguments are libFuzzer's.
@main enum Fuzz {
    static let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? "")

    static func main() {
        guard target != nil else {
            fatalError("FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue)).")
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { data, size in
                Fuzz.check(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            })
    }

    static func check(_ bytes: [UInt8]) {
        let done = DispatchSemaphore(value: 0)
        Task {
            do {
                try await target?.check(bytes)
            } catch {
                fatalError("\(error)")
            }
            done.signal()
        }
        done.wait()
    }
}
