/**
 * The system calls that a program in the sandbox does without, as a classic BPF program for seccomp(2): what would
 * give it rights again inside new namespaces (user namespaces are the usual way to reach kernel bugs), the key rings,
 * which no namespace separates, and large interfaces that containers commonly switch off too. Numbers:
 * arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
 */
interface Architecture {
  audit: number;
  clone: number;
  unshare: number;
  refused: readonly number[];
}

const ARCHITECTURES: Record<string, Architecture> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    unshare: 272,
    // setns, add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd
    refused: [308, 248, 249, 250, 298, 321, 323],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    unshare: 97,
    refused: [268, 217, 218, 219, 241, 280, 282],
  },
};
/** io_uring_setup, io_uring_enter, io_uring_register; and clone3, whose flags cannot be seen from here: callers fall back. */
const ABSENT = [425, 426, 427, 435];

const CLONE_NEWUSER = 0x10000000;
const X32_BIT = 0x40000000;
const EPERM = 1;
const ENOSYS = 38;

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const ALLOW = 0x7fff0000;
/** Offsets in struct seccomp_data. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

type Instruction = readonly [code: number, value: number, ifTrue?: number, ifFalse?: number];

/** Throws for an architecture that Drover does not know. */
export function systemCallFilter(architecture: string): Buffer {
  const found = ARCHITECTURES[architecture];
  if (found === undefined) throw new Error(`no system-call filter for ${architecture}`);
  const { audit, clone, unshare, refused } = found;
  const refuse = (number: number, error: number): Instruction[] => [
    [IF_EQUAL, number, 0, 1],
    [RETURN, ERRNO + error],
  ];
  return assemble([
    [LOAD, ARCHITECTURE],
    [IF_EQUAL, audit, 1, 0],
    [RETURN, KILL_PROCESS], // another architecture's calls have other numbers
    [LOAD, NUMBER],
    [IF_AT_LEAST, X32_BIT, 0, 1],
    [RETURN, ERRNO + ENOSYS],
    ...refused.flatMap((number) => refuse(number, EPERM)),
    ...ABSENT.flatMap((number) => refuse(number, ENOSYS)),
    [IF_EQUAL, clone, 1, 0],
    [IF_EQUAL, unshare, 0, 3],
    [LOAD, FIRST_ARGUMENT],
    [IF_ANY_BIT, CLONE_NEWUSER, 0, 1],
    [RETURN, ERRNO + EPERM],
    [RETURN, ALLOW],
  ]);
}

/** struct sock_filter: 16 bits of code, two jumps of 8 bits, 32 bits of value. */
function assemble(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, value, ifTrue = 0, ifFalse = 0]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
