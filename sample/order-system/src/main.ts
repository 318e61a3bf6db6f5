import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { config } from './app.config';
import { DatabaseOpenError } from './store/database-open.error';
import { Store } from './store/store';
import { TroubleService } from './trouble/trouble.service';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  // The store opens before the first request, and before the first job.
  await app.get(Store).open();
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
  // Without this, a SIGTERM ends the process while it holds locks, and others wait until these expire.
  app.enableShutdownHooks();
  // The page also asks the other processes of the shop. Pages of other origins may not.
  const trouble = app.get(TroubleService);
  app.enableCors({
    origin: (origin: string | undefined, allow: (error: null, isAllowed: boolean) => void) => {
      void trouble.isOurs(origin).then((isOurs) => {
        allow(null, isOurs);
      });
    },
  });
  await app.listen(config.port, config.host);
  console.log(`order-system listening on ${await app.getUrl()}`);
}

bootstrap().catch((error: unknown) => {
  // An error of the environment is shown as a sentence, and any other error with its stack.
  console.error(error instanceof DatabaseOpenError ? error.message : error);
  process.exit(1);
});
