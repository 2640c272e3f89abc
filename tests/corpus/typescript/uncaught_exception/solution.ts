const values: Map<string, { size: number }> = new Map();
console.log(values.get('none')!.size);
