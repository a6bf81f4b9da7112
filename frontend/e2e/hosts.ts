/** Real hosts in network namespaces: a line pasted there runs as an operator's would. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { info } from "./info";

type Answer = { code: number; said: string };

export class Hosts {
  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
  ) {}

  static async start(): Promise<Hosts> {
    const root = new URL("../..", import.meta.url).pathname;
    const python = process.env.WIRETY_PYTHON ?? `${root}.venv/bin/python`;
    const port = new URL(info.origin).port;
    const child = spawn(python, ["-m", "tests.console.host", port, info.agent_command], { cwd: root });
    child.stderr.pipe(process.stderr);
    const hosts = new Hosts(child, createInterface(child.stdout));
    await hosts.next();
    return hosts;
  }

  async paste(host: "jump" | "site-a", line: string): Promise<Answer> {
    this.process.stdin.write(`${JSON.stringify({ host, line })}\n`);
    return JSON.parse(await this.next()) as Answer;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stdin.end();
    await ended;
  }

  private next(): Promise<string> {
    return new Promise((resolve, reject) => {
      const failed = () => reject(new Error("the hosts ended"));
      this.process.once("exit", failed);
      this.lines.once("line", (line) => {
        this.process.off("exit", failed);
        resolve(line);
      });
    });
  }
}
