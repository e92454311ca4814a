internal import Foundation
internal import SpecSearch

/// The Python code before and after a program: it sets the limits on itself, sends all output to a file, and leaves with
/// a status of its own if the program ran to its end.
enum PythonPrelude {
    /// The status of a program that ran to its end; not 0, which a program can leave with itself before its test.
    static let passed: Int32 = 83
    static let outOfMemory: Int32 = 84

    static func arguments(_ limits: CodeRunner.Limits, folder: String) -> [String] {
        [
            folder, String(Int(rounding: limits.seconds.rounded(.up), in: 1...1_000_000)), String(limits.memory),
            String(limits.output),
            String(passed), String(outOfMemory),
        ]
    }

    // Python ignores SIGXFSZ by default, and would turn a flood of output into an exception that programs can catch.
    // The standard streams share one file, whose size the kernel limits; flushing belongs to the program's run.
    static let text = """
        import os, resource, signal, sys
        folder, seconds, memory, output, passed, full = sys.argv[1], *map(int, sys.argv[2:7])
        os.chdir(folder)
        sys.argv = ["program.py"]
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        log = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        def limit(kind, value):
            hard = resource.getrlimit(kind)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(kind, (value, value if kind != resource.RLIMIT_CPU else hard))
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_CPU, seconds)
        limit(resource.RLIMIT_FSIZE, output)
        try:
            limit(resource.RLIMIT_AS, memory)
        except (ValueError, OSError):
            pass
        status = 1
        try:
            with open("program.py", encoding="utf-8") as file:
                code = compile(file.read(), "program.py", "exec")
            exec(code, {"__name__": "__main__", "__builtins__": __builtins__})
            sys.stdout.flush()
            status = passed
        except MemoryError:
            status = full
        except BaseException:
            import traceback
            traceback.print_exc()
            try:
                sys.stdout.flush()
            except Exception:
                pass
        os._exit(status)
        """
}
