import { IsInt, IsPositive, Matches } from 'class-validator';

export class MoveGoodsDto {
  @Matches(/^[a-z0-9-]+$/)
  from!: string;

  @Matches(/^[a-z0-9-]+$/)
  to!: string;

  @Matches(/^[a-z0-9-]+$/)
  sku!: string;

  @IsInt()
  @IsPositive()
  quantity!: number;
}
