import Glibc
internal import Measure

exit(await Measure.run(Array(CommandLine.arguments.dropFirst())))
