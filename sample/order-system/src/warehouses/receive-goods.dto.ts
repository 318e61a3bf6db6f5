import { IsInt, IsPositive, Matches } from 'class-validator';

export class ReceiveGoodsDto {
  @Matches(/^[a-z0-9-]+$/)
  warehouse!: string;

  @Matches(/^[a-z0-9-]+$/)
  sku!: string;

  @IsInt()
  @IsPositive()
  quantity!: number;
}
