import { Catch, type ExceptionFilter } from '@nestjs/common';

/** A class that has no instance. */
abstract class NeverThrown {
  abstract readonly never: never;
}

/** Stands where an application-wide filter must be, and catches nothing. */
@Catch(NeverThrown)
export class NoExceptionFilter implements ExceptionFilter<NeverThrown> {
  catch(): void {
    // Is not called.
  }
}
