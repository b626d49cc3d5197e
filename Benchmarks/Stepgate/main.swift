internal import Measure

await Measure.run(Array(CommandLine.arguments.dropFirst()))
