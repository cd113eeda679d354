// Trains the shipped model on your own pictures: a folder of images with captions in .txt files beside them, or of WebDataset
// shards. Run it again to go on where it stopped.
//
//     swift run -c release ExampleFineTune my-pictures Runs/mine 2000
//     flowtok t2i "a caption like yours" --model Runs/mine/model

import FlowTok
import Foundation
import Training

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2 else {
    print("usage: ExampleFineTune FOLDER-OF-PICTURES FOLDER-OF-THE-RUN [STEPS]")
    exit(64)
}
var recipe = try FlowRecipe.fineTuning(model: DefaultModel.path(), images: arguments[0])
recipe.model.training.steps = arguments.count > 2 ? Int(arguments[2]) ?? 2000 : 2000
let isStarted = FileManager.default.fileExists(atPath: arguments[1] + "/checkpoint.safetensors")
let run = try recipe.open(output: arguments[1], resume: isStarted)
try run.run { progress in
    print("step \(progress.step) of \(progress.total), loss \(progress.loss)")
}
print("the model: \(arguments[1])/model")
