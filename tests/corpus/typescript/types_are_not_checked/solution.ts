declare const undeclared: string;
const number: number = 'seven' as any as string;
const missing: NoSuchType | undefined = undefined;
console.log(number, typeof missing, typeof process);
