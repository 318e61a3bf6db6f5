import { Catch, type ExceptionFilter } from '@nestjs/common';

/** A class that has no instance. */
abstract class NeverThrown {
  abstract readonly never: never;
}

/** An application-wide filter that catches nothing. Nest needs a filter in this place. */
@Catch(NeverThrown)
export class NoExceptionFilter implements ExceptionFilter<NeverThrown> {
  catch(): void {
    // This method is never called.
  }
}
