# Imports one module and tells, in a file, what that loaded and did. Nothing is imported before it but what every start
# of Python loads, so that all that the module needs is counted.
import sys


def look(module, answer):
    import os
    from time import perf_counter

    before = set(sys.modules)
    pid = os.getpid()
    peak = peak_bytes()
    failure = None
    exited = False
    missing = False
    start = perf_counter()
    try:
        __import__(module)
    except SystemExit as error:
        exited = True
        failure = "calls `sys.exit(%r)` when it is imported" % (error.code,)
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and is_around(error.name, module)
        failure = "%s: %s" % (type(error).__name__, error)
    took = perf_counter() - start
    if os.getpid() != pid:
        # A child that the module forked: it has nothing to tell.
        os._exit(0)
    loaded = {}
    for name, found in list(sys.modules.items()):
        if name not in before:
            spec = getattr(found, "__spec__", None)
            path = getattr(spec, "origin", None) or getattr(found, "__file__", None)
            loaded[name] = path if isinstance(path, str) else None
    after = peak_bytes()
    threads = len(sys._current_frames()) - 1
    import json
    import sysconfig

    paths = sysconfig.get_paths()
    answer_text = json.dumps(
        {
            "failure": failure,
            "exited": exited,
            "missing": missing,
            "took": took * 1000,
            "loaded": loaded,
            "peak": after - peak if peak is not None and after is not None else None,
            "threads": threads,
            "site": sorted({paths[key] for key in ("purelib", "platlib") if key in paths}),
            "standard": sorted({paths[key] for key in ("stdlib", "platstdlib") if key in paths}),
        }
    )
    with open(answer, "w", encoding="utf-8", errors="replace") as file:
        file.write(answer_text)
    sys.stdout.flush()
    # Threads of the module must not keep the process.
    os._exit(0)


def is_around(name, module):
    return name is not None and (module + ".").startswith(name + ".")


def peak_bytes():
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


look(*sys.argv[1:3])
