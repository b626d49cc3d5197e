internal import Commands

#if canImport(Glibc)
internal import Glibc
#endif

exit(await Commands.run(Array(CommandLine.arguments.dropFirst())))
