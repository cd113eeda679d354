import TestSupport
import Testing
import Training

@Suite struct LauncherTests {
    @Test(
        "What launchers say of a process",
        arguments: [
            (["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"], "Open MPI", 1, 4, 2),
            (["PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALNRANKS": "2"], "MPICH", 0, 2, 2),
            (["SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "3", "SLURM_NTASKS": "8"], "Slurm", 3, 8, nil),
            (["SLURM_PROCID": "3", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "4"], "Slurm", 3, 4, nil),
            (["RANK": "0", "WORLD_SIZE": "1"], "RANK and WORLD_SIZE", 0, 1, nil),
        ] as [([String: String], String, Int, Int, Int?)])
    func variables(_ variables: [String: String], kind: String, rank: Int, size: Int, local: Int?) throws {
        let launcher = try #require(Launcher.find(variables))
        #expect(launcher.kind.rawValue == kind && launcher.rank == rank && launcher.size == size && launcher.localSize == local)
    }

    @Test(
        "What makes no sense is no launcher",
        arguments: [
            [:], ["OMPI_COMM_WORLD_RANK": "4", "OMPI_COMM_WORLD_SIZE": "4"], ["PMI_RANK": "x", "PMI_SIZE": "2"], ["RANK": "0"],
            ["RANK": "-1", "WORLD_SIZE": "2"], ["WORLD_SIZE": "2"],
            // A job's script, before srun has started anything.
            ["SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "8"],
        ] as [[String: String]])
    func nothing(_ variables: [String: String]) { #expect(Launcher.find(variables) == nil) }

    private func agreement(_ change: (inout RunAgreement) -> Void = { _ in }) -> RunAgreement {
        var agreement = RunAgreement(
            version: "1", configuration: "{\"model\":{\"rate\":1}}", step: 5, state: "a", dependencies: "b", data: "c", kernels: "avx2",
            wire: "float32")
        change(&agreement)
        return agreement
    }

    @Test("Ranks that differ are told apart")
    func agreements() throws {
        try RunAgreement.check([agreement(), agreement(), agreement()])
        let cases: [(RunAgreement, String)] = [
            (agreement { $0.version = "2" }, "another version of flowtok than rank 0: 2, expected 1"),
            (agreement { $0.configuration = "{\"model\":{\"rate\":2}}" }, "another configuration than rank 0: model.rate 2, expected model.rate 1"),
            (agreement { $0.step = 6 }, "another checkpoint than rank 0: one of step 6, expected one of step 5"),
            (agreement { $0.state = "z" }, "another checkpoint than rank 0: fingerprint z"),
            (agreement { $0.data = "z" }, "another data set"), (agreement { $0.kernels = "amx" }, "another type of CPU than rank 0: amx kernels"),
            (agreement { $0.dependencies = "" }, "another vocabulary or tokenizer"), (agreement { $0.wire = "bfloat16" }, "another --wire"),
            (agreement { $0.stopAfter = 3 }, "another --stop-after than rank 0: 3, expected none"),
        ]
        for (other, message) in cases {
            let found = refusal { try RunAgreement.check([agreement(), agreement(), other]) }
            #expect(found.text.hasPrefix("rank 2 was started with " + message), "\(found.text)")
        }
    }
}
