console.log('right');
process.exitCode = 3;
