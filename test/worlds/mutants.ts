export interface Mutant { id: string; file: string; find: string; replace: string; sentence: string }
