# What a process of workerd serves: the simulator, to this machine alone. It has nothing to ask of the network.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "runs", worker = .runs),
    (name = "internet", network = (allow = [])),
  ],
  sockets = [(name = "runs", address = "127.0.0.1:0", http = (), service = "runs")],
  # MiB. All of the heap lies within 4 GiB.
  v8Flags = ["--max-old-space-size=4000"],
);

const runs :Workerd.Worker = (
  modules = [(name = "run-in-workerd.js", esModule = embed "run-in-workerd.js")],
  compatibilityDate = "2025-09-01",
);
